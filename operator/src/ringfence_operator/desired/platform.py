"""What the platform provides to every tenant: addresses, certificates of authorities, the image."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Platform:
    """Public facts only; the operator's own credentials stay with its clients."""

    operator_namespace: str
    opensearch_url: str
    opensearch_ca: str
    """PEM; goes to every tenant, so that its data plane can verify the server."""
    opensearch_replicas: int
    """Copies of each index beside the first; 0 on a single node."""
    redis_nodes: tuple[str, ...]
    """rediss://host:port of every node. The first one is the tenants' cache; users exist on all of them."""
    redis_ca: str
    dataplane_image: str
    image_pull_policy: str
    external_cidrs: tuple[str, ...] = ()
    """Networks in which OpenSearch and Redis live when they are outside the cluster."""
