"""What every request shares: ports and settings of one tenant."""

from dataclasses import dataclass
from typing import Protocol

from ringfence_api.binding import Binding
from ringfence_dataplane.documents import Hit
from ringfence_dataplane.pipeline.caches import Caches
from ringfence_dataplane.pipeline.price import Prices
from ringfence_dataplane.ports import Embedder, LanguageModel, VectorStore
from ringfence_dataplane.telemetry.audit import Audit
from ringfence_dataplane.telemetry.metrics import Metrics
from ringfence_dataplane.tenancy import BoundTenant


class Found(Protocol):
    """What retrieval gives: fused hits, best first, scores 0 to 1, and the legs that were missing."""

    @property
    def hits(self) -> list[Hit]:
        """Best first."""
        ...

    @property
    def degraded(self) -> tuple[str, ...]:
        """`vectors` or `opensearch`, where that leg did not answer."""
        ...


class Retriever(Protocol):
    """Hybrid retrieval: (embed → vector) ∥ BM25 → fuse."""

    async def __call__(self, tenant: BoundTenant, question: str, embedder: Embedder) -> Found:
        """Search.

        Raises:
            Unavailable: neither leg answered.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """One tenant's pipeline."""

    binding: Binding
    retrieve: Retriever
    embedder: Embedder
    vectors: VectorStore
    llm: LanguageModel
    caches: Caches
    prices: Prices
    metrics: Metrics
    audit: Audit
