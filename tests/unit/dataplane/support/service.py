"""A data plane of tenant acme on fakes, and a client for it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

from ringfence_api.binding import (
    AuthBinding,
    Binding,
    BuiltinEmbedding,
    CacheTtls,
    GuardBinding,
    LimitsBinding,
    LlmBinding,
    MemoryCacheBinding,
    SearchBinding,
    SqliteBinding,
    VectorBinding,
)
from ringfence_dataplane.app import Parts, make_app
from ringfence_dataplane.guard.pii import KINDS
from ringfence_dataplane.pipeline.caches import Caches
from ringfence_dataplane.pipeline.price import Prices
from ringfence_dataplane.pipeline.seal import Seal
from ringfence_dataplane.pipeline.tools import Tools
from ringfence_dataplane.security.keys import SharedKey
from ringfence_dataplane.security.tokens import TokenVerifier
from ringfence_dataplane.telemetry.audit import Audit
from ringfence_dataplane.telemetry.measured import MeasuredModel
from ringfence_dataplane.telemetry.metrics import Metrics
from tests.unit.dataplane.support.fakes import (
    FakeCache,
    FakeEmbedder,
    FakeLibrary,
    FakeModel,
    FakeRetriever,
    FakeVectors,
    hit,
    no_life,
)

KEY = "k" * 64
ISSUER = "https://login.example"
FACT = "Every full-time employee of Acme gets 27 days of paid holiday a year."


def binding(**changes: Any) -> Binding:
    """A Binding of acme."""
    whole = Binding(
        tenant="acme",
        auth=AuthBinding(issuer=ISSUER, audience="ringfence", algorithm="HS256", leeway_seconds=30),
        lexical=SqliteBinding(path="unused", doc_types=["handbook", "product"]),
        vectors=VectorBinding(directory="unused", dimensions=4),
        cache=MemoryCacheBinding(key_prefix="acme:"),
        cache_ttls=CacheTtls(query=60, embedding=60, answer=60),
        embedding=BuiltinEmbedding(model="fake", dimensions=4, price_per_million_tokens=0.1),
        llm=LlmBinding(
            base_url="http://llm.example/v1",
            model="fake-llm",
            input_price=1,
            output_price=2,
            max_output_tokens=100,
            timeout_seconds=10,
        ),
        search=SearchBinding(bm25_weight=0.4, vector_weight=0.6, threshold=0.3, top_k=5),
        guard=GuardBinding(prompt_injection="Block", redact_pii=list(KINDS)),
        limits=LimitsBinding(requests_per_minute=1000, max_query_characters=10_000, max_document_bytes=4096),
        log_query_text=False,
    )
    return whole.model_copy(update=changes)


def token(key: str = KEY, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
    """A good token of acme, but for what is said otherwise; None takes a claim out."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": "ringfence",
        "exp": now + 600,
        "iat": now,
        "tenant_id": "acme",
        "user_id": "user-1",
        "permissions": ["documents:read", "documents:write"],
    }
    told = {name: value for name, value in {**good, **claims}.items() if value is not None}
    return jwt.encode(dict(header or {"alg": "HS256"}), told, OctKey.import_key(key))


@dataclass
class Service:
    """The app, its fakes, and what it wrote."""

    binding: Binding = field(default_factory=binding)
    retriever: FakeRetriever = field(default_factory=lambda: FakeRetriever([hit(FACT)]))
    model: FakeModel = field(default_factory=FakeModel)
    cache: FakeCache = field(default_factory=FakeCache)
    embedder: FakeEmbedder = field(default_factory=FakeEmbedder)
    vectors: FakeVectors = field(default_factory=FakeVectors)
    library: FakeLibrary = field(default_factory=FakeLibrary)
    metrics: Metrics = field(default_factory=Metrics)
    ready: bool = True
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.audit = Audit(self.binding.tenant, self.lines.append)
        self.tools = Tools(
            binding=self.binding,
            retrieve=self.retriever,
            embedder=self.embedder,
            vectors=self.vectors,
            llm=MeasuredModel(self.model, self.metrics, self.binding.tenant),
            caches=Caches(
                self.cache, Seal(b"s" * 32, self.binding.tenant), self.binding.cache_ttls, self.metrics, self.audit
            ),
            prices=Prices.of(self.binding),
            metrics=self.metrics,
            audit=self.audit,
        )
        verifier = TokenVerifier(self.binding.auth, SharedKey(KEY.encode()))
        self.app = make_app(Parts(self.tools, self.library, self.cache, verifier, self.checks, no_life))

    async def checks(self) -> tuple[bool, dict[str, str]]:
        """What /ready says."""
        return self.ready, {"documents": "ok" if self.ready else "down"}

    def client(self, **headers: str | None) -> httpx.AsyncClient:
        """An HTTP client with a good token, but for what is said otherwise."""
        sent = {"Authorization": f"Bearer {token()}", "X-Tenant-ID": "acme", **headers}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://acme.example",
            headers={name: value for name, value in sent.items() if value is not None},
        )

    async def ask(self, question: str = "How many days of holiday do I get?") -> httpx.Response:
        """POST /api/query."""
        async with self.client() as client:
            return await client.post("/api/query", json={"query": question})

    @property
    def events(self) -> list[dict[str, Any]]:
        """What stands in the audit trail."""
        return [json.loads(line) for line in self.lines]

    def count(self, name: str, **labels: str) -> float:
        """Value of a metric's sample; 0 when there is none."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0
