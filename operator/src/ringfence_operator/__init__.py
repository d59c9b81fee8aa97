"""The Ringfence operator and the `ringfence` command."""
