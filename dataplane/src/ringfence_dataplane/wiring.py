"""Builds one tenant's data plane from its Binding and credentials, and takes it down again. Nothing else does."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol, TypeVar

from ringfence_api.binding import (
    CACHE_KEY,
    TOKEN_KEY,
    Binding,
    BuiltinEmbedding,
    MemoryCacheBinding,
    SqliteBinding,
)
from ringfence_dataplane.adapters.faiss import FaissIndex
from ringfence_dataplane.adapters.memory_cache import MemoryCache
from ringfence_dataplane.adapters.opensearch.store import OpenSearchStore
from ringfence_dataplane.adapters.redis_cache import RedisCache
from ringfence_dataplane.adapters.sqlite.store import SqliteStore
from ringfence_dataplane.app import Parts
from ringfence_dataplane.credentials import Credentials
from ringfence_dataplane.ingest.ingestor import Ingestor
from ringfence_dataplane.models.minilm import MiniLM
from ringfence_dataplane.models.openai_chat import OpenAIChat
from ringfence_dataplane.models.openai_embeddings import OpenAIEmbeddings
from ringfence_dataplane.pipeline.caches import Caches
from ringfence_dataplane.pipeline.price import Prices
from ringfence_dataplane.pipeline.seal import Seal
from ringfence_dataplane.pipeline.tools import Tools
from ringfence_dataplane.ports import Cache, DocumentStore
from ringfence_dataplane.readiness import Readiness
from ringfence_dataplane.resilience.breaker import Listener
from ringfence_dataplane.retrieval import Hybrid
from ringfence_dataplane.security.keys import JwksFetcher, KeySet, SharedKey
from ringfence_dataplane.security.tokens import TokenVerifier
from ringfence_dataplane.telemetry.audit import Audit
from ringfence_dataplane.telemetry.logs import get_logger
from ringfence_dataplane.telemetry.measured import MeasuredModel, MeasuredStore, MeasuredVectors
from ringfence_dataplane.telemetry.metrics import Metrics
from ringfence_dataplane.tenancy import maintenance

_log = get_logger(__name__)


class _Closable(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=_Closable)


def wire(binding: Binding, credentials: Credentials, write_audit: Callable[[str], None]) -> Parts:
    """Everything an app needs; connections are made when they are first used.

    Raises:
        MissingCredential: a credential file is absent or wrong.
        FileNotFoundError: the embedding model is not on this machine.
        ValueError: the Binding asks for what cannot be (a plain-text backend, an RS256 issuer without keys).
    """
    metrics = Metrics()
    audit = Audit(binding.tenant, write_audit)
    told = _breaker_events(metrics)
    own = maintenance(binding)
    opened: list[_Closable] = []

    cache = _opened(_cache(binding, credentials, told), opened)
    store = MeasuredStore(_opened(_store(binding, credentials, told), opened), metrics)
    index = _opened(
        FaissIndex.from_binding(binding.vectors, own, credentials, store, told, _index_events(metrics, binding.tenant)),
        opened,
    )
    vectors = MeasuredVectors(index, metrics, "faiss")
    embedder = _opened(_embedder(binding, credentials, told), opened)
    llm = _opened(OpenAIChat.from_binding(binding.llm, credentials, told), opened)
    verifier = _opened(_verifier(binding, credentials, opened), opened)

    @asynccontextmanager
    async def life() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for part in opened:
                stack.push_async_callback(part.close)  # the last opened is the first closed
            await index.start()
            _log.info("started", message="Data plane started", tenant_id=binding.tenant)
            yield
        _log.info("stopped", message="Data plane stopped", tenant_id=binding.tenant)

    tools = Tools(
        binding=binding,
        retrieve=Hybrid(store, vectors, binding.search),
        embedder=embedder,
        vectors=vectors,
        llm=MeasuredModel(llm, metrics, binding.tenant),
        caches=Caches(cache, Seal(credentials.key(CACHE_KEY), binding.tenant), binding.cache_ttls, metrics, audit),
        prices=Prices.of(binding),
        metrics=metrics,
        audit=audit,
    )
    return Parts(
        tools=tools,
        library=Ingestor(store, vectors, embedder),
        cache=cache,
        verifier=verifier,
        checks=Readiness(own, store, vectors),
        life=life,
    )


def _store(binding: Binding, credentials: Credentials, told: Listener) -> DocumentStore:
    if isinstance(binding.lexical, SqliteBinding):
        return SqliteStore.from_binding(binding.lexical)
    return OpenSearchStore.from_binding(binding.lexical, credentials, told)


def _cache(binding: Binding, credentials: Credentials, told: Listener) -> Cache:
    if isinstance(binding.cache, MemoryCacheBinding):
        return MemoryCache.from_binding(binding.cache)
    return RedisCache.from_binding(binding.cache, credentials, told)


def _embedder(binding: Binding, credentials: Credentials, told: Listener) -> MiniLM | OpenAIEmbeddings:
    if isinstance(binding.embedding, BuiltinEmbedding):
        return MiniLM.load()
    return OpenAIEmbeddings.from_binding(binding.embedding, credentials, told)


def _verifier(binding: Binding, credentials: Credentials, opened: list[_Closable]) -> TokenVerifier:
    if binding.auth.algorithm == "HS256":
        return TokenVerifier(binding.auth, SharedKey(credentials.text(TOKEN_KEY).encode()))
    if binding.auth.jwks_uri is None:
        raise ValueError("the Binding names no `jwks_uri`: RS256 tokens could not be verified")
    fetcher = JwksFetcher(binding.auth.jwks_uri)
    opened.append(fetcher)
    return TokenVerifier(binding.auth, KeySet(fetcher))


def _breaker_events(metrics: Metrics) -> Listener:
    def told(service: str, state: str) -> None:
        metrics.breaker_events.labels(service, state).inc()
        _log.warning("circuit_breaker", message=f"Circuit of {service} is {state}", service=service, state=state)

    return told


def _index_events(metrics: Metrics, tenant_id: str) -> Callable[[str, str], None]:
    def told(event: str, message: str) -> None:
        if event in ("damaged", "failed"):
            metrics.errors.labels(tenant_id, f"vectors-{event}").inc()
        _log.warning(f"vectors_{event}", message=f"Vector index: {message}", tenant_id=tenant_id)

    return told


def _opened(part: C, opened: list[_Closable]) -> C:
    opened.append(part)
    return part
