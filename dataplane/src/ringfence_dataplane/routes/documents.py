"""`/api/documents`: put, read and remove documents."""

import re
import uuid

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ringfence_api.binding import Binding
from ringfence_dataplane.middleware.context import request_id
from ringfence_dataplane.problems import Problem
from ringfence_dataplane.routes.body import invalid, parse
from ringfence_dataplane.routes.library import Library
from ringfence_dataplane.routes.schemas import DOCUMENT_ID, DocumentBody, DocumentResponse, NewDocument, StoredResponse
from ringfence_dataplane.telemetry.audit import Audit, EventType
from ringfence_dataplane.tenancy import BoundTenant


class Documents:
    """Handlers of the document routes."""

    def __init__(self, binding: Binding, library: Library, audit: Audit) -> None:
        self._binding = binding
        self._library = library
        self._audit = audit

    async def post(self, request: Request, tenant: BoundTenant) -> Response:
        """Store a document under the id in the body, or a new one."""
        body = await parse(request, NewDocument)
        return await self._put(request, tenant, body.id or str(uuid.uuid4()), body)

    async def put(self, request: Request, tenant: BoundTenant) -> Response:
        """Store a document under the id in the path."""
        return await self._put(request, tenant, _id(request), await parse(request, DocumentBody))

    async def get(self, request: Request, tenant: BoundTenant) -> Response:
        """Read a document."""
        document = await self._library.get(tenant, _id(request))
        if document is None or document.tenant_id != tenant.tenant_id:
            self._record(request, tenant, "DATA_ACCESS", "document_read", "not found", _id(request))
            raise _not_found()
        self._record(request, tenant, "DATA_ACCESS", "document_read", "success", document.id)
        found = DocumentResponse(
            id=document.id,
            doc_type=document.doc_type,
            title=document.title,
            content=document.content,
            version=document.version,
            metadata=document.metadata,
        )
        return JSONResponse(found.model_dump())

    async def delete(self, request: Request, tenant: BoundTenant) -> Response:
        """Remove a document."""
        removed = await self._library.delete(tenant, _id(request))
        result = "success" if removed else "not found"
        self._record(request, tenant, "DATA_CHANGE", "document_delete", result, _id(request))
        if not removed:
            raise _not_found()
        return Response(status_code=204)

    async def _put(self, request: Request, tenant: BoundTenant, document_id: str, body: DocumentBody) -> Response:
        if body.doc_type not in self._binding.doc_types:
            known = ", ".join(self._binding.doc_types)
            raise invalid("doc_type", f"unknown document type; this tenant has: {known}")
        limit = self._binding.limits.max_document_bytes
        if len(body.content.encode()) > limit:
            raise Problem(
                413, "document-too-large", "The document is too large", f"`content` may have at most {limit} bytes."
            )
        stored = await self._library.put(
            tenant, document_id, body.doc_type, body.title, body.content, body.content_type
        )
        self._record(request, tenant, "DATA_CHANGE", "document_put", stored.status, stored.document_id)
        if stored.status == "refused":
            raise Problem(422, "document-refused", "The document cannot be stored", stored.reason)
        told = StoredResponse(id=stored.document_id, status=stored.status, version=stored.version)
        location = {"Location": f"/api/documents/{stored.document_id}"}
        return JSONResponse(told.model_dump(), 201 if stored.status == "created" else 200, location)

    def _record(
        self, request: Request, tenant: BoundTenant, kind: EventType, action: str, result: str, document_id: str
    ) -> None:
        details = {"query_id": request_id(request.scope), "document_id": document_id}
        self._audit.record(kind, action, result, user_id=tenant.user_id, details=details)


def _id(request: Request) -> str:
    """The id in the path; one that no document can have is simply not found."""
    value = str(request.path_params["document_id"])
    if not re.fullmatch(DOCUMENT_ID, value):
        if request.method == "PUT":
            raise invalid("document_id", "1 to 128 letters, digits, dots, underscores or hyphens")
        raise _not_found()
    return value


def _not_found() -> Problem:
    # The same words for what is not there and for what is another tenant's.
    return Problem(404, "document-not-found", "No such document", "Check the id; POST /api/documents stores a new one.")
