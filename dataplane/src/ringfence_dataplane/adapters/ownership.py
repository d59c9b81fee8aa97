"""The check that every write makes first."""

from collections.abc import Sequence

from ringfence_dataplane.documents import Document
from ringfence_dataplane.ports import StoredChunk
from ringfence_dataplane.tenancy import BoundTenant


def check_owner(tenant: BoundTenant, document: Document, chunks: Sequence[StoredChunk]) -> None:
    """Let a document pass that is wholly `tenant`'s.

    Raises:
        PermissionError: it is, or a chunk of it is, another tenant's.
    """
    if {document.tenant_id, *(stored.chunk.tenant_id for stored in chunks)} != {tenant.tenant_id}:
        raise PermissionError("a document can be stored for its own tenant only")
