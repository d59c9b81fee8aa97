"""Metrics, logs and the audit stream of one data plane."""
