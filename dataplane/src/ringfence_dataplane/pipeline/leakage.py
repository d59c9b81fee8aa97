"""The last check before anything is shown: every passage must be this tenant's. One that is not stops the answer."""

from collections.abc import Sequence

from ringfence_dataplane.documents import Hit
from ringfence_dataplane.telemetry.audit import Audit
from ringfence_dataplane.telemetry.metrics import Metrics
from ringfence_dataplane.tenancy import BoundTenant


class Leak(Exception):
    """A passage of another tenant came back from a store."""


def check(hits: Sequence[Hit], tenant: BoundTenant, query_id: str, audit: Audit, metrics: Metrics) -> None:
    """Return if all hits belong to `tenant`.

    Raises:
        Leak: at least one does not. None is dropped silently: stores that mix tenants must be looked at.
    """
    foreign = [hit.chunk for hit in hits if hit.chunk.tenant_id != tenant.tenant_id]
    if not foreign:
        return
    for owner in {chunk.tenant_id for chunk in foreign}:
        metrics.crossed(tenant.tenant_id, owner)
    audit.record(
        "SECURITY_EVENT",
        "cross_tenant_leakage",
        "blocked",
        user_id=tenant.user_id,
        details={
            "query_id": query_id,
            "foreign": [
                {"tenant_id": chunk.tenant_id, "document_id": chunk.document_id, "chunk_id": chunk.id}
                for chunk in foreign
            ],
            "returned": len(hits),
        },
    )
    raise Leak
