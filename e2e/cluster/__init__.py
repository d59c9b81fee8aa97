"""A real Kubernetes cluster on one machine, without Docker: the e2e tests run on it."""
