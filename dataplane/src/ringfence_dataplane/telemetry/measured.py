"""Stores and models that measure themselves: the pipeline stays free of stop-watches.

Each class implements the port that it wraps; what is not measured is the inner object's own method.
"""

from collections.abc import Sequence
from time import perf_counter

from ringfence_dataplane.documents import Hit, Vectors
from ringfence_dataplane.ports import Completion, DocumentStore, LanguageModel, VectorStore
from ringfence_dataplane.telemetry.metrics import Metrics
from ringfence_dataplane.tenancy import BoundTenant


class MeasuredStore:
    """A DocumentStore that times its searches as `bm25_search_latency`."""

    def __init__(self, inner: DocumentStore, metrics: Metrics) -> None:
        self._inner = inner
        self._metrics = metrics
        self.put = inner.put
        self.get = inner.get
        self.delete = inner.delete
        self.chunks = inner.chunks
        self.chunk_ids = inner.chunk_ids
        self.stored = inner.stored
        self.count = inner.count
        self.ping = inner.ping
        self.close = inner.close

    async def search(self, tenant: BoundTenant, query: str, limit: int) -> list[Hit]:
        """As the inner store's."""
        started = perf_counter()
        try:
            return await self._inner.search(tenant, query, limit)
        finally:
            self._metrics.bm25_latency.labels(tenant.tenant_id).observe(perf_counter() - started)


class MeasuredVectors:
    """A VectorStore that times its searches as `vector_search_latency`."""

    def __init__(self, inner: VectorStore, metrics: Metrics, store_type: str) -> None:
        self._inner = inner
        self._metrics = metrics
        self._store_type = store_type
        self.chunks = inner.chunks
        self.missing = inner.missing
        self.replace = inner.replace
        self.close = inner.close

    async def search(self, tenant: BoundTenant, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """As the inner store's."""
        started = perf_counter()
        try:
            return await self._inner.search(tenant, vector, limit)
        finally:
            spent = perf_counter() - started
            self._metrics.vector_latency.labels(tenant.tenant_id, self._store_type).observe(spent)

    @property
    def generation(self) -> int:
        """The inner store's."""
        return self._inner.generation


class MeasuredModel:
    """A LanguageModel that times its calls and counts the tokens it wrote."""

    def __init__(self, inner: LanguageModel, metrics: Metrics, tenant_id: str) -> None:
        self._inner = inner
        self._metrics = metrics
        self._tenant_id = tenant_id
        self.model = inner.model

    async def complete(self, messages: Sequence[dict[str, str]], deadline_seconds: float) -> Completion:
        """As the inner model's."""
        started = perf_counter()
        try:
            completion = await self._inner.complete(messages, deadline_seconds)
        finally:
            self._metrics.llm_latency.labels(self._tenant_id, self.model).observe(perf_counter() - started)
        self._metrics.llm_tokens.labels(self._tenant_id, self.model).inc(completion.completion_tokens)
        return completion
