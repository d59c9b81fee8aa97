"""Every endpoint of the data plane, in one table."""

from ringfence_dataplane.routes.documents import Documents
from ringfence_dataplane.routes.endpoint import Endpoint, PublicEndpoint, Reply
from ringfence_dataplane.routes.pages import Pages
from ringfence_dataplane.routes.query import Query
from ringfence_dataplane.routes.schemas import (
    DocumentBody,
    DocumentResponse,
    Health,
    NewDocument,
    QueryRequest,
    QueryResponse,
    Readiness,
    StoredResponse,
)
from ringfence_dataplane.tenancy import READ, WRITE

_STORED = {
    201: Reply("Stored as a new document", StoredResponse),
    200: Reply("Stored in place of its former version, or unchanged", StoredResponse),
}
_DOCUMENT = "/api/documents/{document_id}"


def endpoints(query: Query, documents: Documents) -> list[Endpoint]:
    """Calls that need a token."""
    return [
        Endpoint(
            "POST",
            "/api/query",
            READ,
            query.post,
            "Ask a question.",
            {200: Reply("An answer with its sources", QueryResponse)},
            QueryRequest,
            (400, 422),
        ),
        Endpoint(
            "POST", "/api/documents", WRITE, documents.post, "Store a document.", _STORED, NewDocument, (400, 422)
        ),
        Endpoint(
            "PUT",
            _DOCUMENT,
            WRITE,
            documents.put,
            "Store a document under an id.",
            _STORED,
            DocumentBody,
            (400, 422),
        ),
        Endpoint(
            "GET",
            _DOCUMENT,
            READ,
            documents.get,
            "Read a document.",
            {200: Reply("The document", DocumentResponse)},
            problems=(404,),
        ),
        Endpoint(
            "DELETE", _DOCUMENT, WRITE, documents.delete, "Remove a document.", {204: Reply("Removed")}, problems=(404,)
        ),
    ]


def public_pages(pages: Pages) -> list[PublicEndpoint]:
    """Pages that need none."""
    return [
        PublicEndpoint("/health", pages.health, "Whether the process lives.", {200: Reply("It does", Health)}),
        PublicEndpoint(
            "/ready",
            pages.ready,
            "Whether questions can be answered, and what is missing.",
            {200: Reply("Ready, perhaps degraded", Readiness), 503: Reply("Not ready", Readiness)},
        ),
        PublicEndpoint("/metrics", pages.metrics, "Metrics.", {200: Reply("Prometheus text", media_type="text/plain")}),
        PublicEndpoint(
            "/openapi.json",
            pages.openapi,
            "This API as OpenAPI 3.1.",
            {200: Reply("OpenAPI", media_type="application/json")},
        ),
        PublicEndpoint("/docs", pages.docs, "This API for people.", {200: Reply("HTML", media_type="text/html")}),
    ]
