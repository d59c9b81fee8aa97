"""Implementations of the ports: what runs in a cluster, and what runs on a laptop."""
