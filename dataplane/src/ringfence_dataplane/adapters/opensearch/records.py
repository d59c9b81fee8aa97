"""How documents and chunks are written into an index, whose mapping is `ringfence_api.index`."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ringfence_api.index import CHUNK, DOCUMENT
from ringfence_dataplane.documents import Chunk, Document
from ringfence_dataplane.ports import StoredChunk

CHUNK_FIELDS = ["tenant_id", "document_id", "chunk_id", "doc_type", "version", "title", "content", "start", "end"]


def document_key(document_id: str) -> str:
    """`_id` of a document's record."""
    return f"{DOCUMENT}:{document_id}"


def chunk_key(chunk_id: str) -> str:
    """`_id` of a chunk's record."""
    return f"{CHUNK}:{chunk_id}"


@dataclass(frozen=True, slots=True)
class Record:
    """A document's record as it was read.

    `version` 0: a first put has begun and not ended. `unfinished` are chunks that an unfinished put may have
    written, or may have left behind.
    """

    index: str
    version: int
    content_hash: str
    chunk_ids: list[str]
    unfinished: list[str]
    source: dict[str, Any]
    condition: dict[str, int]

    @classmethod
    def parse(cls, item: dict[str, Any]) -> Self:
        """From an item of a `_mget` answer."""
        source = item["_source"]
        return cls(
            item["_index"],
            source["version"],
            source["content_hash"],
            source["chunk_ids"],
            source["unfinished_ids"],
            source,
            {"if_seq_no": item["_seq_no"], "if_primary_term": item["_primary_term"]},
        )

    @property
    def all_chunk_ids(self) -> list[str]:
        """Everything that may be there of this document."""
        return list(dict.fromkeys([*self.chunk_ids, *self.unfinished]))

    def document(self) -> Document:
        """What its author wrote."""
        source = self.source
        return Document(
            source["document_id"],
            source["tenant_id"],
            source["doc_type"],
            source["title"],
            source["source"],
            source["version"],
            source["metadata"],
        )


def document_source(
    document: Document, digest: str, chunk_ids: Sequence[str], unfinished: Sequence[str]
) -> dict[str, Any]:
    """Record of a document."""
    return {
        "kind": DOCUMENT,
        "tenant_id": document.tenant_id,
        "document_id": document.id,
        "doc_type": document.doc_type,
        "version": document.version,
        "title": document.title,
        "source": document.content,
        "metadata": document.metadata,
        "content_hash": digest,
        "chunk_ids": list(chunk_ids),
        "unfinished_ids": list(unfinished),
    }


def chunk_source(stored: StoredChunk, version: int) -> dict[str, Any]:
    """Record of a chunk."""
    chunk = stored.chunk
    return {
        "kind": CHUNK,
        "tenant_id": chunk.tenant_id,
        "document_id": chunk.document_id,
        "chunk_id": chunk.id,
        "doc_type": chunk.doc_type,
        "version": version,
        "title": chunk.title,
        "content": chunk.content,
        "start": chunk.start,
        "end": chunk.end,
        "vector": base64.b64encode(np.asarray(stored.vector, "<f4").tobytes()).decode(),
    }


def chunk(source: dict[str, Any]) -> Chunk:
    """A chunk from its record."""
    return Chunk(
        source["chunk_id"],
        source["tenant_id"],
        source["document_id"],
        source["doc_type"],
        source["version"],
        source["title"],
        source["content"],
        source["start"],
        source["end"],
    )


def stored_chunk(source: dict[str, Any]) -> StoredChunk:
    """A chunk with its vector from its record."""
    return StoredChunk(chunk(source), tuple(np.frombuffer(base64.b64decode(source["vector"]), "<f4").tolist()))
