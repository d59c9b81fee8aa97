"""Stands in for `ringfence_dataplane`: the same command lines and routes, no models, quick to start."""
