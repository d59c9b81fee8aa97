"""What holds a tenant's resources: Kubernetes, OpenSearch, Redis."""
