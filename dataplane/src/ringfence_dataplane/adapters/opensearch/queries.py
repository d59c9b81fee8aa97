"""Query bodies. Each is filtered by tenant, although the indices are the tenant's alone."""

from collections.abc import Sequence
from typing import Any

from ringfence_api.index import CHUNK, DOCUMENT
from ringfence_dataplane.adapters.opensearch.records import CHUNK_FIELDS
from ringfence_dataplane.tenancy import BoundTenant

MAX_WORDS = 64
"""A longer question is cut, so that it costs no more than others and stays within OpenSearch's clause limit."""
TITLE_WEIGHT = 0.5
MAX_CHUNKS = 10_000
"""OpenSearch's limit for one page; a document of 10 MB has about as many chunks."""
PAGE = 500

Json = dict[str, Any]


def bm25(tenant: BoundTenant, question: str, limit: int) -> Json:
    """Chunks with any of the question's words."""
    words = " ".join(question.split()[:MAX_WORDS])
    match = {"query": words, "fields": ["content", f"title^{TITLE_WEIGHT}"], "type": "most_fields"}
    return {
        "size": limit,
        "_source": CHUNK_FIELDS,
        "query": {"bool": {"must": [{"multi_match": match}], "filter": _of(tenant, CHUNK)}},
        "sort": ["_score", "chunk_id"],
        "track_scores": True,
    }


def by_ids(tenant: BoundTenant, ids: Sequence[str]) -> Json:
    """Chunks by id, without order."""
    return {
        "size": len(ids),
        "_source": CHUNK_FIELDS,
        "query": {"bool": {"filter": [*_of(tenant, CHUNK), {"terms": {"chunk_id": list(ids)}}]}},
    }


def page_of_chunks(tenant: BoundTenant, after: str | None) -> Json:
    """Chunks with vectors in the order of their ids, from behind `after`."""
    body: Json = {"size": PAGE, "query": {"bool": {"filter": _of(tenant, CHUNK)}}, "sort": ["chunk_id"]}
    return body if after is None else {**body, "search_after": [after]}


def ids_of_document(tenant: BoundTenant, document_id: str) -> Json:
    """Ids of the chunks of a document, whichever version they are of."""
    query = {"bool": {"filter": [*_of(tenant, CHUNK), {"term": {"document_id": document_id}}]}}
    return {"size": MAX_CHUNKS, "_source": ["chunk_id"], "query": query}


def documents(tenant: BoundTenant) -> Json:
    """Query for documents that were put completely at least once."""
    return {"bool": {"filter": [*_of(tenant, DOCUMENT), {"range": {"version": {"gte": 1}}}]}}


def anything(tenant: BoundTenant) -> Json:
    """The cheapest search there is."""
    return {"size": 0, "terminate_after": 1, "query": {"bool": {"filter": _of(tenant, DOCUMENT)}}}


def _of(tenant: BoundTenant, kind: str) -> list[Json]:
    return [{"term": {"tenant_id": tenant.tenant_id}}, {"term": {"kind": kind}}]
