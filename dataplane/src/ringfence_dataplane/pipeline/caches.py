"""The three caches: search results, query vectors, answers of the language model.

A key covers everything that shapes a value (index generation, model, parameters, the caller's permissions), so an
update makes old entries unreachable at once. Values are sealed; one that does not open is a miss, and is reported.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from ringfence_api.binding import CacheTtls
from ringfence_dataplane.documents import Chunk, Hit, Vectors
from ringfence_dataplane.pipeline.seal import BrokenSeal, Seal
from ringfence_dataplane.ports import Cache, Completion
from ringfence_dataplane.telemetry.audit import Audit
from ringfence_dataplane.telemetry.metrics import Metrics
from ringfence_dataplane.tenancy import BoundTenant

Kind = Literal["query", "embedding", "answer"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caches:
    """Typed reading and writing on one sealed store."""

    store: Cache
    seal: Seal
    ttls: CacheTtls
    metrics: Metrics
    audit: Audit

    async def results(self, tenant: BoundTenant, shaped_by: Mapping[str, Any]) -> list[Hit] | None:
        """Hits that were kept for the same question under the same conditions."""
        return await self._get(tenant, "query", shaped_by, _hits_from)

    async def keep_results(self, tenant: BoundTenant, shaped_by: Mapping[str, Any], hits: list[Hit]) -> None:
        """Keep hits."""
        value = [{"score": hit.score, **asdict(hit.chunk)} for hit in hits]
        await self._put(tenant, "query", shaped_by, json.dumps(value).encode())

    async def vector(self, tenant: BoundTenant, shaped_by: Mapping[str, Any]) -> Vectors | None:
        """A vector of shape (dimensions,)."""
        return await self._get(tenant, "embedding", shaped_by, _vector_from)

    async def keep_vector(self, tenant: BoundTenant, shaped_by: Mapping[str, Any], vector: Vectors) -> None:
        """Keep a vector of shape (dimensions,)."""
        await self._put(tenant, "embedding", shaped_by, np.asarray(vector, dtype="<f4").tobytes())

    async def completion(self, tenant: BoundTenant, shaped_by: Mapping[str, Any]) -> Completion | None:
        """What the model said to the same prompt."""
        return await self._get(tenant, "answer", shaped_by, lambda value: Completion(**json.loads(value)))

    async def keep_completion(self, tenant: BoundTenant, shaped_by: Mapping[str, Any], said: Completion) -> None:
        """Keep what the model said."""
        await self._put(tenant, "answer", shaped_by, json.dumps(asdict(said)).encode())

    async def _get(
        self, tenant: BoundTenant, kind: Kind, shaped_by: Mapping[str, Any], parse: Callable[[bytes], T]
    ) -> T | None:
        if self._ttl(kind) == 0:
            return None
        key = cache_key(kind, tenant, shaped_by)
        sealed = await self.store.get(tenant, key)
        if sealed is not None:
            try:
                value = parse(self.seal.open(key, sealed))
            except (BrokenSeal, ValueError, TypeError, KeyError):
                self._report(tenant, key)
            else:
                self.metrics.cache_hits.labels(tenant.tenant_id, kind).inc()
                return value
        self.metrics.cache_misses.labels(tenant.tenant_id, kind).inc()
        return None

    async def _put(self, tenant: BoundTenant, kind: Kind, shaped_by: Mapping[str, Any], value: bytes) -> None:
        if ttl := self._ttl(kind):
            key = cache_key(kind, tenant, shaped_by)
            await self.store.put(tenant, key, self.seal.close(key, value), ttl)

    def _ttl(self, kind: Kind) -> int:
        return {"query": self.ttls.query, "embedding": self.ttls.embedding, "answer": self.ttls.answer}[kind]

    def _report(self, tenant: BoundTenant, key: str) -> None:
        self.metrics.errors.labels(tenant.tenant_id, "cache-value-rejected").inc()
        self.audit.record(
            "SECURITY_EVENT", "cache_value_rejected", "denied", user_id=tenant.user_id, resource="cache",
            details={"key": key},
        )  # fmt: skip


def cache_key(kind: Kind, tenant: BoundTenant, shaped_by: Mapping[str, Any]) -> str:
    """`{kind}:{sha256}`; the store puts the tenant's prefix before it."""
    shape = json.dumps({"permissions": sorted(tenant.permissions), **shaped_by}, sort_keys=True)
    return f"{kind}:{hashlib.sha256(shape.encode()).hexdigest()}"


def _hits_from(value: bytes) -> list[Hit]:
    hits = []
    for entry in json.loads(value):
        score = entry.pop("score")
        hits.append(Hit(Chunk(**entry), score))
    return hits


def _vector_from(value: bytes) -> Vectors:
    return np.frombuffer(value, dtype="<f4").astype(np.float32)
