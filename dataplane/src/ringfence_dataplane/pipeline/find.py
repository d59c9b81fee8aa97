"""Second stage: passages for a question, from the cache or by hybrid retrieval."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ringfence_dataplane.documents import Hit, Vectors
from ringfence_dataplane.pipeline.caches import Caches
from ringfence_dataplane.pipeline.deadline import Deadline
from ringfence_dataplane.pipeline.tools import Tools
from ringfence_dataplane.ports import Embedded, Embedder, Unavailable
from ringfence_dataplane.tenancy import BoundTenant


@dataclass(frozen=True, slots=True)
class FoundPassages:
    """Hits, what was missing, and the embedding tokens that were paid for."""

    hits: list[Hit]
    degraded: tuple[str, ...] = ()
    embedding_tokens: int = 0


async def find(question: str, tenant: BoundTenant, deadline: Deadline, tools: Tools) -> FoundPassages:
    """The best passages.

    Raises:
        Unavailable: no leg of the search answered before the deadline.
    """
    binding = tools.binding
    # Read before searching: what an update overtakes is kept under the old generation, where nobody looks any more.
    generation = tools.vectors.generation
    shaped_by = {
        "question": question,
        "generation": generation,
        "embedding": [tools.embedder.model, tools.embedder.dimensions],
        "search": binding.search.model_dump(),
        "doc_types": sorted(binding.doc_types),
    }
    kept = await tools.caches.results(tenant, shaped_by)
    if kept is not None:
        return FoundPassages(kept)
    embedder = CachedEmbedder(tools.embedder, tools.caches, tenant)
    try:
        async with asyncio.timeout(deadline.remaining):
            found = await tools.retrieve(tenant, question, embedder)
    except TimeoutError:
        raise Unavailable("search", "no answer before the deadline") from None
    _observe(found.hits, found.degraded, tenant, tools)
    # Half a result must not outlive the outage; and without an index, which may have come since, there is no generation
    # that the next update would end.
    if generation and not found.degraded:
        await tools.caches.keep_results(tenant, shaped_by, found.hits)
    return FoundPassages(found.hits, found.degraded, embedder.tokens)


def _observe(hits: Sequence[Hit], degraded: Sequence[str], tenant: BoundTenant, tools: Tools) -> None:
    for service in degraded:
        tools.metrics.errors.labels(tenant.tenant_id, f"degraded-{service}").inc()
    search_type = {"vectors": "bm25", "opensearch": "vector"}.get(degraded[0], "hybrid") if degraded else "hybrid"
    for hit in hits:
        tools.metrics.retrieval_score.labels(tenant.tenant_id, search_type).observe(hit.score)


@dataclass(slots=True)
class CachedEmbedder:
    """An Embedder that asks the cache first; lives as long as one request, whose tokens it counts."""

    inner: Embedder
    caches: Caches
    tenant: BoundTenant
    tokens: int = 0
    model: str = field(init=False)
    dimensions: int = field(init=False)

    def __post_init__(self) -> None:
        self.model = self.inner.model
        self.dimensions = self.inner.dimensions

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """As the inner embedder's; a question that was embedded before costs nothing."""
        keys = [{"text": text, "model": self.model, "dimensions": self.dimensions} for text in texts]
        known = [await self._known(key) for key in keys]
        missing = [text for text, vector in zip(texts, known, strict=True) if vector is None]
        if not missing:
            return Embedded(np.stack([vector for vector in known if vector is not None]), 0)
        made = await self.inner.embed(missing)
        self.tokens += made.tokens
        fresh = iter(made.vectors)
        vectors = []
        for key, vector in zip(keys, known, strict=True):
            if vector is None:
                vector = next(fresh)
                await self.caches.keep_vector(self.tenant, key, vector)
            vectors.append(vector)
        return Embedded(np.stack(vectors), made.tokens)

    async def _known(self, key: dict[str, object]) -> Vectors | None:
        vector = await self.caches.vector(self.tenant, key)
        return vector if vector is not None and vector.shape == (self.dimensions,) else None
