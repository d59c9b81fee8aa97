"""Runs the two legs of a search under one deadline and fuses what came in time."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from ringfence_api.binding import SearchBinding
from ringfence_dataplane.documents import Chunk, Hit
from ringfence_dataplane.ports import DocumentStore, Embedder, Unavailable, VectorStore
from ringfence_dataplane.retrieval.fusion import Weights, alone, combine, rank
from ringfence_dataplane.tenancy import BoundTenant

POOL = 50
"""Chunks asked of each leg, whatever the number of hits wanted: scores do not depend on the page."""
DEADLINE_SECONDS = 2.0
"""Of the two legs together; what has not answered by then is left out."""
RESOLVE_SECONDS = 1.0
"""For the text of chunks that only the vectors found."""

LEXICAL = "opensearch"
VECTORS = "vectors"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """Fused hits, best first, one a document, scores 0 to 1. `degraded` names the legs that did not answer."""

    hits: list[Hit]
    degraded: tuple[str, ...] = ()


class Hybrid:
    """Retriever of one tenant."""

    def __init__(
        self,
        store: DocumentStore,
        vectors: VectorStore,
        search: SearchBinding,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._store = store
        self._vectors = vectors
        self._search = search
        self._deadline = deadline_seconds

    async def __call__(self, tenant: BoundTenant, question: str, embedder: Embedder) -> Found:
        """The best documents for a question.

        Raises:
            Unavailable: neither leg answered.
        """
        lexical, nearest = await self._legs(
            self._store.search(tenant, question, POOL), self._nearest(tenant, question, embedder)
        )
        if lexical is None and nearest is None:
            raise Unavailable("search", "neither the document store nor the vectors answered")
        weights = alone(
            Weights(self._search.bm25_weight, self._search.vector_weight),
            bm25=lexical is not None,
            vector=nearest is not None,
        )
        bm25 = {hit.chunk.id: hit.score for hit in lexical or ()}
        scores = combine(bm25, dict(nearest or ()), weights)
        wanted = [chunk_id for chunk_id, score in scores.items() if score >= self._search.threshold]
        known = [hit.chunk for hit in lexical or ()]
        unknown = [chunk_id for chunk_id in wanted if chunk_id not in bm25]
        more, readable = await self._texts(tenant, unknown, truth=lexical is not None)
        degraded = {LEXICAL: lexical is None or not readable, VECTORS: nearest is None}
        return Found(
            rank(scores, [*known, *more], self._search.threshold, self._search.top_k),
            tuple(leg for leg, missing in degraded.items() if missing),
        )

    async def _nearest(self, tenant: BoundTenant, question: str, embedder: Embedder) -> list[tuple[str, float]]:
        embedded = await embedder.embed([question])
        return await self._vectors.search(tenant, embedded.vectors[0], POOL)

    async def _legs(
        self, lexical: Coroutine[Any, Any, list[Hit]], nearest: Coroutine[Any, Any, list[tuple[str, float]]]
    ) -> tuple[list[Hit] | None, list[tuple[str, float]] | None]:
        """What each leg found, or None where it failed or was late."""
        first, second = asyncio.create_task(lexical), asyncio.create_task(nearest)
        try:
            await asyncio.wait((first, second), timeout=self._deadline)
        finally:
            # Also when the caller goes away: nobody waits for these any more.
            first.cancel()
            second.cancel()
        await asyncio.wait((first, second))
        return _result(first), _result(second)

    async def _texts(self, tenant: BoundTenant, ids: list[str], *, truth: bool) -> tuple[list[Chunk], bool]:
        """Chunks that only the vectors found, and whether the store of truth gave them.

        The store leaves out what was deleted a moment ago; the copies beside the vectors serve while it is away.
        """
        if not ids:
            return [], truth
        if truth:
            try:
                async with asyncio.timeout(RESOLVE_SECONDS):
                    return await self._store.chunks(tenant, ids), True
            except (Unavailable, TimeoutError):
                pass
        try:
            return await self._vectors.chunks(tenant, ids), False
        except Unavailable:  # lost since the search: what the words found still stands
            return [], False


def _result(task: asyncio.Task[T]) -> T | None:
    if task.cancelled():
        return None
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, Unavailable):
        return None
    raise error
