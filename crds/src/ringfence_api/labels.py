"""Labels, annotations and other fixed identifiers of the API group."""

GROUP = "ringfence.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
PLURAL = "tenants"
KIND = "Tenant"

FIELD_MANAGER = "ringfence-operator"
FINALIZER = f"{GROUP}/cleanup"

TENANT = f"{GROUP}/tenant"
"""On everything that belongs to a tenant, namespaces included; its value is the tenant's name."""
TENANT_UID = f"{GROUP}/tenant-uid"
"""On a tenant's namespace: the UID of the Tenant that owns it, so that a namesake never takes it over."""
CONTENT_HASH = f"{GROUP}/content-hash"
"""On the data plane's pod template: a hash of Binding and credentials, so that pods roll when they change."""

APPLIED = f"{GROUP}/applied"
"""On every Kubernetes object of a tenant: a hash of what the operator last applied, so that a field it no longer
wants is noticed as well as one that somebody changed."""

MANAGED_BY = "app.kubernetes.io/managed-by"
NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"


def tenant_labels(tenant: str) -> dict[str, str]:
    """Labels put on every object made for `tenant`."""
    return {MANAGED_BY: "ringfence", TENANT: tenant}


def dataplane_labels(tenant: str) -> dict[str, str]:
    """Labels that select the data-plane pods of `tenant`."""
    return {NAME: "ringfence-dataplane", TENANT: tenant}
