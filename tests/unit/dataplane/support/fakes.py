"""Ports of the data plane in a few lines each, for tests of everything that stands on them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from ringfence_dataplane.documents import Chunk, Document, Hit
from ringfence_dataplane.ports import Completion, Embedded, Embedder, PutResult, Unavailable
from ringfence_dataplane.tenancy import BoundTenant


def chunk(content: str, *, document_id: str = "leave", tenant_id: str = "acme", title: str = "Leave") -> Chunk:
    """A passage."""
    return Chunk(f"{document_id}:0", tenant_id, document_id, "handbook", 1, title, content, 0, len(content))


def hit(content: str, score: float = 0.9, **more: str) -> Hit:
    """A passage that was found."""
    return Hit(chunk(content, **more), score)


@dataclass
class FakeCache:
    """A cache whose contents a test can see and spoil."""

    values: dict[str, bytes] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    down: bool = False

    async def get(self, tenant: BoundTenant, key: str) -> bytes | None:
        return None if self.down else self.values.get(f"{tenant.tenant_id}:{key}")

    async def put(self, tenant: BoundTenant, key: str, value: bytes, ttl_seconds: int) -> None:
        if not self.down:
            self.values[f"{tenant.tenant_id}:{key}"] = value

    async def increment(self, tenant: BoundTenant, key: str, ttl_seconds: int) -> int:
        if self.down:
            raise Unavailable("redis", "down")
        full = f"{tenant.tenant_id}:{key}"
        self.counters[full] = self.counters.get(full, 0) + 1
        return self.counters[full]

    async def close(self) -> None:
        self.values.clear()


@dataclass
class FakeEmbedder:
    """The same vector for the same text."""

    model: str = "fake"
    dimensions: int = 4
    asked: list[str] = field(default_factory=list)

    async def embed(self, texts: Sequence[str]) -> Embedded:
        self.asked += texts
        rows = [np.random.default_rng(sum(text.encode())).normal(size=self.dimensions) for text in texts]
        vectors = np.array([row / np.linalg.norm(row) for row in rows], np.float32)
        return Embedded(vectors, 10 * len(texts))


@dataclass
class FakeModel:
    """Says what it is told to, one answer after the other; the last one again and again."""

    answers: list[str] = field(default_factory=lambda: ["A full-time employee gets 27 days of holiday [1]."])
    model: str = "fake-llm"
    down: bool = False
    asked: list[list[dict[str, str]]] = field(default_factory=list)

    async def complete(self, messages: Sequence[dict[str, str]], deadline_seconds: float) -> Completion:
        if self.down:
            raise Unavailable("llm", "down")
        text = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(list(messages))
        return Completion(text, self.model, 100, 20)


@dataclass
class FakeVectors:
    """Just a generation."""

    generation: int = 1

    async def search(self, tenant: BoundTenant, vector: object, limit: int) -> list[tuple[str, float]]:
        return []

    async def chunks(self, tenant: BoundTenant, ids: Sequence[str]) -> list[Chunk]:
        return []

    async def missing(self, tenant: BoundTenant, ids: Sequence[str]) -> list[str]:
        return []

    async def replace(
        self, tenant: BoundTenant, removed: Sequence[str], added: Sequence[Chunk], vectors: object
    ) -> None:
        self.generation += 1

    async def close(self) -> None:
        return


@dataclass(frozen=True)
class FakeFound:
    """What a retriever gives."""

    hits: list[Hit]
    degraded: tuple[str, ...] = ()


@dataclass
class FakeRetriever:
    """Finds what it is told to; embeds the question as the real one does."""

    hits: list[Hit]
    degraded: tuple[str, ...] = ()
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def __call__(self, tenant: BoundTenant, question: str, embedder: Embedder) -> FakeFound:
        if self.down:
            raise Unavailable("opensearch", "down")
        self.asked.append(question)
        await embedder.embed([question])
        return FakeFound(list(self.hits), self.degraded)


@dataclass
class FakeLibrary:
    """Documents in a dictionary."""

    documents: dict[str, Document] = field(default_factory=dict)
    refusal: str = ""

    async def put(
        self, tenant: BoundTenant, document_id: str, doc_type: str, title: str, content: str, content_type: str
    ) -> PutResult:
        if self.refusal:
            return PutResult(document_id, "refused", 0, self.refusal)
        old = self.documents.get(document_id)
        version = old.version + 1 if old else 1
        new = Document(document_id, tenant.tenant_id, doc_type, title, content, version)
        if old and replace(new, version=old.version) == old:
            return PutResult(document_id, "unchanged", old.version)
        self.documents[document_id] = new
        return PutResult(document_id, "updated" if old else "created", version)

    async def get(self, tenant: BoundTenant, document_id: str) -> Document | None:
        return self.documents.get(document_id)

    async def delete(self, tenant: BoundTenant, document_id: str) -> bool:
        return self.documents.pop(document_id, None) is not None


@asynccontextmanager
async def no_life() -> AsyncIterator[None]:
    """An app without backends to start."""
    yield
