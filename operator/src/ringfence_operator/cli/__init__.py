"""The `ringfence` command, for people: serve tenants on a laptop, make tokens."""
