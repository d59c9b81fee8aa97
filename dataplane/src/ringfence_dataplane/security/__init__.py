"""Who is calling: verification of JSON Web Tokens."""
