"""Every name that is derived from a tenant's name, and nowhere else.

A tenant's name is a DNS label of at most 40 characters, so `_`, `:` and `*` never occur in one and every
name below belongs to exactly one tenant. The data plane may not import this module: it learns its own names
from its Binding and cannot work out another tenant's.
"""

DATAPLANE = "dataplane"
"""Deployment, Service, HorizontalPodAutoscaler, PodDisruptionBudget and ServiceAccount in a tenant's namespace."""
BINDING = "binding"
"""ConfigMap that holds `binding.json`."""
CREDENTIALS = "credentials"
"""Secret whose keys are the credential files of the data plane."""
VECTORS = "vectors"
"""PersistentVolumeClaim for FAISS segments."""
DATAPLANE_PORT = 8000

NAMESPACE_PREFIX = "tenant-"


def namespace(tenant: str) -> str:
    """Kubernetes namespace of the tenant."""
    return f"{NAMESPACE_PREFIX}{tenant}"


def retained(tenant: str) -> str:
    """ConfigMap in the operator's namespace: which namespace a deleted Tenant of this name has left behind."""
    return f"retained-{tenant}"


def index(tenant: str, doc_type: str) -> str:
    """OpenSearch index of one document type."""
    return f"genai_{tenant}_{doc_type}"


def opensearch_role(tenant: str) -> str:
    """OpenSearch security role; also the name of its role mapping."""
    return f"ringfence-{tenant}"


def opensearch_user(tenant: str) -> str:
    """OpenSearch internal user. The suffix leaves room for the second user that rotation needs."""
    return f"ringfence-{tenant}-a"


def redis_user(tenant: str) -> str:
    """Redis ACL user. The suffix leaves room for the second user that rotation needs."""
    return f"ringfence-{tenant}-a"


def redis_key_prefix(tenant: str) -> str:
    """What every Redis key and channel of the tenant starts with."""
    return f"{tenant}:"


def endpoint(tenant: str) -> str:
    """URL of the tenant's data plane inside the cluster."""
    return f"http://{DATAPLANE}.{namespace(tenant)}.svc:{DATAPLANE_PORT}"
