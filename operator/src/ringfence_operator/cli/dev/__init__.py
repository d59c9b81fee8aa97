"""`ringfence dev`: the data planes of some Tenants on this machine, on embedded backends, without a cluster."""
