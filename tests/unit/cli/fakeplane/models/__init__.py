"""Stands in for `ringfence_dataplane.models`."""
