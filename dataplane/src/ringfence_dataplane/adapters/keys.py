"""Full names of cache keys."""

from ringfence_dataplane.tenancy import BoundTenant


def full_key(prefix: str, tenant: BoundTenant, key: str) -> str:
    """`prefix` and `key`.

    Raises:
        PermissionError: the prefix is not this tenant's. The Binding gives both, so this never happens unless
            somebody wires two tenants into one process.
    """
    if prefix.partition(":")[0] != tenant.tenant_id:
        raise PermissionError("this cache belongs to another tenant")
    return prefix + key
