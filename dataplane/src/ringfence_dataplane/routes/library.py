"""What the document routes need: storing, reading and removing documents."""

from typing import Protocol

from ringfence_dataplane.documents import Document
from ringfence_dataplane.ports import PutResult
from ringfence_dataplane.tenancy import BoundTenant


class Library(Protocol):
    """A tenant's documents: text extraction, chunks, vectors and both indices are behind it."""

    async def put(
        self, tenant: BoundTenant, document_id: str, doc_type: str, title: str, content: str, content_type: str
    ) -> PutResult:
        """Store a document in place of its former version."""
        ...

    async def get(self, tenant: BoundTenant, document_id: str) -> Document | None:
        """The current version."""
        ...

    async def delete(self, tenant: BoundTenant, document_id: str) -> bool:
        """Remove it; False when there was none."""
        ...
