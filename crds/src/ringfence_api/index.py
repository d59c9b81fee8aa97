"""What an OpenSearch index of a tenant looks like: the operator creates it, the data plane writes into it.

Two kinds of record share an index. A `chunk` is what is searched; its vector is kept with it as little-endian
float32 in base64, unindexed, so that a lost vector index can be rebuilt. A `document` is the truth about one
document: its version, its text and the ids of its chunks.
"""

from typing import Any

CHUNK = "chunk"
DOCUMENT = "document"

_KEPT_ONLY = {"type": "keyword", "index": False, "doc_values": False}
"""A string or list of strings that is stored and never searched."""


def index_settings(replicas: int) -> dict[str, Any]:
    """Settings of an index; `replicas` is what the cluster can place."""
    return {
        "index": {
            # A tenant's documents fit one shard, and BM25 statistics of one shard do not depend on placement.
            "number_of_shards": 1,
            "number_of_replicas": replicas,
            # A put waits for a refresh, so this bounds how long it takes at the least. Named, it also keeps
            # an index that nobody searches from falling asleep and making the first caller wait.
            "refresh_interval": "500ms",
        }
    }


def index_mappings() -> dict[str, Any]:
    """Mapping of an index: an unknown field is refused, not guessed."""
    return {
        "dynamic": "strict",
        "properties": {
            "tenant_id": {"type": "keyword"},
            "kind": {"type": "keyword"},
            "document_id": {"type": "keyword"},
            "chunk_id": {"type": "keyword"},
            "doc_type": {"type": "keyword"},
            "version": {"type": "integer"},
            "title": {"type": "text", "analyzer": "english"},
            # of a chunk
            "content": {"type": "text", "analyzer": "english"},
            "start": {"type": "integer", "index": False, "doc_values": False},
            "end": {"type": "integer", "index": False, "doc_values": False},
            "vector": {"type": "binary"},
            # of a document; `source` is what `start` and `end` count in
            "source": {"type": "text", "index": False, "norms": False},
            "metadata": {"type": "object", "enabled": False},
            "content_hash": _KEPT_ONLY,
            "chunk_ids": _KEPT_ONLY,
            "unfinished_ids": _KEPT_ONLY,
        },
    }


def index_body(replicas: int) -> dict[str, Any]:
    """Body of the request that creates an index."""
    return {"settings": index_settings(replicas), "mappings": index_mappings()}
