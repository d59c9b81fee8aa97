"""`ports.DocumentStore` on OpenSearch.

A put is several requests, and any of them may be the last. Its order makes every break harmless: (1) the document's
record names the chunks about to be written, (2) the chunks are written, (3) the record turns to the new version,
(4) chunks that only the former version had are deleted, (5) the record forgets about them. Until (3) the former
version stands; from (2) on no moment is without findable chunks. Repeating the put finishes or cleans up what a
broken one left. Each change of the record is conditional on what was read, so of two writers at once one starts over.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from ringfence_api.binding import OpenSearchBinding
from ringfence_dataplane.adapters.content_hash import content_hash
from ringfence_dataplane.adapters.opensearch import queries, records
from ringfence_dataplane.adapters.opensearch.client import SERVICE, Client, Conflict, Operation
from ringfence_dataplane.adapters.opensearch.records import Record, chunk_key, document_key
from ringfence_dataplane.adapters.ownership import check_owner
from ringfence_dataplane.credentials import Credentials
from ringfence_dataplane.documents import Chunk, Document, Hit
from ringfence_dataplane.ports import PutResult, StoredChunk, Unavailable
from ringfence_dataplane.resilience.breaker import Listener, ignore
from ringfence_dataplane.tenancy import BoundTenant

WRITERS_TURNS = 5
"""How often a write starts over because somebody else wrote the same document."""
STEP_BACK_SECONDS = 0.2
"""The longest pause before that, so that one of two gets through."""


class OpenSearchStore:
    """`indices`: document type → exact index name, all made by the operator."""

    def __init__(self, client: Client, indices: Mapping[str, str]) -> None:
        self._client = client
        self._index_of = dict(indices)
        self._indices = sorted(set(indices.values()))

    @classmethod
    def from_binding(cls, binding: OpenSearchBinding, credentials: Credentials, on_event: Listener = ignore) -> Self:
        """Store in the Binding's indices, as its user."""
        return cls(Client.from_binding(binding, credentials, on_event), binding.indices)

    async def search(self, tenant: BoundTenant, query: str, limit: int) -> list[Hit]:
        """BM25, best first; scores > 0."""
        hits = await self._client.search(self._indices, queries.bm25(tenant, query, limit))
        return [Hit(records.chunk(hit["_source"]), hit["_score"]) for hit in hits]

    async def put(self, tenant: BoundTenant, document: Document, chunks: Sequence[StoredChunk]) -> PutResult:
        """Store a document in place of its former version, findable when this returns."""
        check_owner(tenant, document, chunks)
        for _ in range(WRITERS_TURNS):
            try:
                return await self._put(tenant, document, chunks)
            except Conflict:
                await _step_back()
        raise Unavailable(SERVICE, "others keep writing the same document")

    async def get(self, tenant: BoundTenant, document_id: str) -> Document | None:
        """The current version of a document."""
        current = _current(await self._records(tenant, document_id))
        return None if current is None else current.document()

    async def delete(self, tenant: BoundTenant, document_id: str) -> list[str]:
        """Remove a document; returns the ids of its chunks."""
        for _ in range(WRITERS_TURNS):
            found = await self._records(tenant, document_id, to_write=True)
            try:
                return [chunk_id for record in found for chunk_id in await self._remove(tenant, record)]
            except Conflict:
                await _step_back()
        raise Unavailable(SERVICE, "others keep writing the same document")

    async def chunks(self, tenant: BoundTenant, ids: Sequence[str]) -> list[Chunk]:
        """The chunks that exist among `ids`, in their order."""
        if not ids:
            return []
        hits = await self._client.search(self._indices, queries.by_ids(tenant, ids))
        found = {hit["_source"]["chunk_id"]: records.chunk(hit["_source"]) for hit in hits}
        return [found[chunk_id] for chunk_id in ids if chunk_id in found]

    async def chunk_ids(self, tenant: BoundTenant, document_id: str) -> list[str]:
        """Ids of a document's chunks."""
        current = _current(await self._records(tenant, document_id))
        return [] if current is None else current.chunk_ids

    async def stored(self, tenant: BoundTenant) -> AsyncIterator[StoredChunk]:
        """Every chunk with its vector, read in pages."""
        for index in self._indices:
            after: str | None = None
            while hits := await self._client.search([index], queries.page_of_chunks(tenant, after), patient=True):
                for hit in hits:
                    yield records.stored_chunk(hit["_source"])
                after = hits[-1]["_source"]["chunk_id"]

    async def count(self, tenant: BoundTenant) -> int:
        """Number of documents."""
        return await self._client.count(self._indices, queries.documents(tenant))

    async def ping(self, tenant: BoundTenant) -> None:
        """Return if every index can be searched."""
        await self._client.search(self._indices, queries.anything(tenant))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _put(self, tenant: BoundTenant, document: Document, chunks: Sequence[StoredChunk]) -> PutResult:
        index, ids = self._index_of[document.doc_type], [stored.chunk.id for stored in chunks]
        digest = content_hash(document, ids)
        found = await self._records(tenant, document.id, to_write=True)
        current = _current(found)
        same = current is not None and current.index == index and current.content_hash == digest
        strays = await self._written(tenant, index, document.id)
        if current is not None and same:
            strays = [*current.unfinished, *(stray for stray in strays if stray not in set(ids))]
            if strays or len(found) > 1:
                await self._clean_up(tenant, current, strays, found)
            return PutResult(document.id, "unchanged", current.version)
        version = 1 if current is None else current.version + 1
        document = replace(document, version=version)
        there = next((record for record in found if record.index == index), None)

        condition = await self._announce(index, there, document, ids)
        await self._client.bulk(
            index, [Operation(chunk_key(stored.chunk.id), records.chunk_source(stored, version)) for stored in chunks]
        )
        known = dict.fromkeys([*(there.all_chunk_ids if there else ()), *strays])
        left_behind = [old for old in known if old not in set(ids)]
        source = records.document_source(document, digest, ids, left_behind)
        moved = any(record.index != index for record in found)
        # Within one index a refresh shows the new chunks no later than it hides the old ones; between two it may not.
        wait = moved or not left_behind
        condition = await self._client.index(index, document_key(document.id), source, condition, wait=wait)
        if moved or left_behind:
            written = Record(index, version, digest, ids, left_behind, source, condition)
            await self._clean_up(tenant, written, left_behind, found)
        return PutResult(document.id, "created" if current is None else "updated", version)

    async def _announce(self, index: str, there: Record | None, document: Document, ids: list[str]) -> dict[str, Any]:
        key = document_key(document.id)
        if there is None:
            begun = records.document_source(replace(document, version=0), "", [], ids)
            return await self._client.index(index, key, begun, {"op_type": "create"})
        unfinished = list(dict.fromkeys([*there.unfinished, *ids]))
        return await self._client.index(index, key, {**there.source, "unfinished_ids": unfinished}, there.condition)

    async def _clean_up(
        self, tenant: BoundTenant, current: Record, strays: Sequence[str], found: Sequence[Record]
    ) -> None:
        """Delete what the current version does not consist of, wherever it is."""
        for record in found:
            if record.index != current.index:
                await self._remove(tenant, record)
        kept = set(current.chunk_ids)
        await self._client.bulk(current.index, [Operation(chunk_key(old)) for old in strays if old not in kept])
        source = {**current.source, "unfinished_ids": []}
        key = document_key(current.source["document_id"])
        await self._client.index(current.index, key, source, current.condition, wait=True)

    async def _written(self, tenant: BoundTenant, index: str, document_id: str) -> list[str]:
        """Ids of chunks as searches know them: a writer that lost a race and died may have left some unrecorded."""
        hits = await self._client.search([index], queries.ids_of_document(tenant, document_id), patient=True)
        return [hit["_source"]["chunk_id"] for hit in hits]

    async def _remove(self, tenant: BoundTenant, record: Record) -> list[str]:
        document_id = record.source["document_id"]
        written = await self._written(tenant, record.index, document_id)
        ids = list(dict.fromkeys([*record.all_chunk_ids, *written]))
        # The record goes last: while it is there, repeating the deletion finds the chunks.
        await self._client.bulk(record.index, [Operation(chunk_key(old)) for old in ids])
        await self._client.delete(record.index, document_key(document_id), record.condition)
        return ids

    async def _records(self, tenant: BoundTenant, document_id: str, *, to_write: bool = False) -> list[Record]:
        found = await self._client.fetch(self._indices, document_key(document_id), to_write=to_write)
        # A fetch by id has no filter: what somebody planted in our index is no record of ours.
        return [Record.parse(item) for item in found if item["_source"]["tenant_id"] == tenant.tenant_id]


async def _step_back() -> None:
    await asyncio.sleep(random.uniform(0, STEP_BACK_SECONDS))  # noqa: S311 - no secret


def _current(found: Sequence[Record]) -> Record | None:
    whole = [record for record in found if record.version > 0]
    return max(whole, key=lambda record: record.version, default=None)
