"""Puts documents into the store of truth and the vector index, in that order."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

import numpy as np

from ringfence_dataplane.documents import Chunk, Document, Vectors
from ringfence_dataplane.ingest.chunking import passages
from ringfence_dataplane.ingest.extract import Unreadable, extract
from ringfence_dataplane.ports import DocumentStore, Embedder, PutResult, StoredChunk, VectorStore
from ringfence_dataplane.tenancy import BoundTenant


class Ingestor:
    """One tenant's documents. A call that raised `Unavailable` is completed by repeating it."""

    def __init__(self, store: DocumentStore, vectors: VectorStore, embedder: Embedder) -> None:
        self._store = store
        self._vectors = vectors
        self._embedder = embedder
        # Two changes of one document at once could leave the former's chunks in the vector index.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._owed: dict[str, set[str]] = defaultdict(set)

    async def put(
        self, tenant: BoundTenant, document_id: str, doc_type: str, title: str, content: str, content_type: str
    ) -> PutResult:
        """Store a document in place of its former version, findable in both legs when this returns.

        An empty `title` becomes the one that the document itself has. The same again is `unchanged`; what cannot be
        read is `refused`.

        Raises:
            Unavailable: the embedder, the store or the index failed.
        """
        try:
            document, chunks = await asyncio.to_thread(
                self._prepare, tenant, document_id, doc_type, title, content, content_type
            )
        except Unreadable as reason:
            return PutResult(document_id, "refused", 0, str(reason))
        async with self._lock(document_id):
            former = await self._store.chunk_ids(tenant, document_id)
            if former == [chunk.id for chunk in chunks] and await self._same(tenant, document):
                return await self._complete(tenant, document, chunks)
            vectors = (await self._embedder.embed([_read(chunk) for chunk in chunks])).vectors
            stored = [StoredChunk(chunk, tuple(row)) for chunk, row in zip(chunks, vectors.tolist(), strict=True)]
            result = await self._store.put(tenant, document, stored)
            await self._index(tenant, document_id, former, _of_version(chunks, result.version), vectors)
            return result

    async def get(self, tenant: BoundTenant, document_id: str) -> Document | None:
        """The current version of a document."""
        return await self._store.get(tenant, document_id)

    async def delete(self, tenant: BoundTenant, document_id: str) -> bool:
        """Remove a document from both; False when there was none.

        Raises:
            Unavailable: the store or the index failed.
        """
        async with self._lock(document_id):
            removed = await self._store.delete(tenant, document_id)
            # Also when there was none: an earlier try may have got this far, and answers that were cached before
            # it become unreachable only with a new generation.
            await self._index(tenant, document_id, removed, [], np.empty((0, self._embedder.dimensions), np.float32))
            return bool(removed)

    def _prepare(
        self, tenant: BoundTenant, document_id: str, doc_type: str, title: str, content: str, content_type: str
    ) -> tuple[Document, list[Chunk]]:
        text = extract(content, content_type)
        named = title or text.title or document_id
        document = Document(document_id, tenant.tenant_id, doc_type, named, text.content)
        chunks: list[Chunk] = []
        seen: dict[str, int] = defaultdict(int)
        for passage in passages(text):
            part = text.content[passage.start : passage.end]
            name = self._chunk_id(document_id, named, part, seen[part])
            seen[part] += 1
            chunks.append(
                Chunk(name, tenant.tenant_id, document_id, doc_type, 1, named, part, passage.start, passage.end)
            )
        return document, chunks

    def _chunk_id(self, document_id: str, title: str, content: str, repetition: int) -> str:
        """The same text of the same document keeps its id over versions; another model's vector is another chunk."""
        whole = [self._embedder.model, document_id, title, content, str(repetition)]
        return hashlib.sha256("\0".join(whole).encode()).hexdigest()[:32]

    async def _same(self, tenant: BoundTenant, document: Document) -> bool:
        stored = await self._store.get(tenant, document.id)
        return stored is not None and (stored.doc_type, stored.title, stored.content) == (
            document.doc_type,
            document.title,
            document.content,
        )

    async def _complete(self, tenant: BoundTenant, document: Document, chunks: Sequence[Chunk]) -> PutResult:
        """Nothing has changed, but an earlier try may not have reached the vector index."""
        stored = await self._store.get(tenant, document.id)
        version = stored.version if stored else 0
        lacking = set(await self._vectors.missing(tenant, [chunk.id for chunk in chunks]))
        if lacking or document.id in self._owed:
            again = [chunk for chunk in chunks if chunk.id in lacking]
            vectors = np.empty((0, self._embedder.dimensions), np.float32)
            if again:
                vectors = (await self._embedder.embed([_read(chunk) for chunk in again])).vectors
            await self._index(tenant, document.id, [], _of_version(again, version), vectors, kept=chunks)
        return PutResult(document.id, "unchanged", version)

    async def _index(
        self,
        tenant: BoundTenant,
        document_id: str,
        former: Sequence[str],
        chunks: Sequence[Chunk],
        vectors: Vectors,
        kept: Sequence[Chunk] = (),
    ) -> None:
        """Make `chunks` findable, and all former ones unfindable that are neither among them nor `kept`."""
        current = {chunk.id for chunk in (*chunks, *kept)}
        # Remembered until done: a repetition no longer finds the former chunks in the store.
        self._owed[document_id].update(former)
        removed = [old for old in self._owed[document_id] if old not in current]
        await self._vectors.replace(tenant, removed, chunks, vectors)
        del self._owed[document_id]

    def _lock(self, document_id: str) -> asyncio.Lock:
        return self._locks.setdefault(document_id, asyncio.Lock())


def _of_version(chunks: Sequence[Chunk], version: int) -> list[Chunk]:
    """The chunks as the store of truth counts them: the copies beside the vectors are shown while it is away."""
    return [replace(chunk, version=version) for chunk in chunks]


def _read(chunk: Chunk) -> str:
    """What the embedder reads: a passage in the middle of a document says its subject by the title only."""
    return f"{chunk.title}\n{chunk.content}"
