"""What the pipeline needs of the outside. Adapters implement these protocols; the pipeline imports nothing else."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ringfence_dataplane.documents import Chunk, Document, Hit, Vectors
from ringfence_dataplane.tenancy import BoundTenant


class Unavailable(Exception):
    """A backend did not answer in time, refused, or is known to be down; the message names it, never a secret."""

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"{service} is unavailable: {reason}")
        self.service = service


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with the vector that belongs to it (float32, L2-normalised)."""

    chunk: Chunk
    vector: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PutResult:
    """What became of one document: `reason` says why it was refused."""

    document_id: str
    status: Literal["created", "updated", "unchanged", "refused"]
    version: int
    reason: str = ""


class DocumentStore(Protocol):
    """Lexical index and the truth: documents, chunks and their vectors.

    Every method raises `Unavailable` when the store cannot answer before its deadline.
    """

    async def search(self, tenant: BoundTenant, query: str, limit: int) -> list[Hit]:
        """BM25 over the tenant's chunks, best first; scores are raw BM25 (> 0)."""
        ...

    async def put(self, tenant: BoundTenant, document: Document, chunks: Sequence[StoredChunk]) -> PutResult:
        """Store a document in place of its former version; the same content again is `unchanged`."""
        ...

    async def get(self, tenant: BoundTenant, document_id: str) -> Document | None:
        """The current version of a document."""
        ...

    async def delete(self, tenant: BoundTenant, document_id: str) -> list[str]:
        """Remove a document; returns the ids of its chunks (empty: there was none)."""
        ...

    async def chunks(self, tenant: BoundTenant, ids: Sequence[str]) -> list[Chunk]:
        """The chunks that exist among `ids`, in their order."""
        ...

    async def chunk_ids(self, tenant: BoundTenant, document_id: str) -> list[str]:
        """Ids of a document's chunks."""
        ...

    def stored(self, tenant: BoundTenant) -> AsyncIterator[StoredChunk]:
        """Every chunk with its vector: what a lost vector index is rebuilt from."""
        ...

    async def count(self, tenant: BoundTenant) -> int:
        """Number of documents."""
        ...

    async def ping(self, tenant: BoundTenant) -> None:
        """Return if the store answers."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class VectorStore(Protocol):
    """Nearest neighbours by inner product of L2-normalised vectors (cosine)."""

    async def search(self, tenant: BoundTenant, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """(chunk id, cosine) of the nearest chunks, best first; `vector` has shape (dimensions,).

        Raises:
            Unavailable: no trustworthy index is loaded.
        """
        ...

    async def replace(
        self, tenant: BoundTenant, removed: Sequence[str], added: Sequence[Chunk], vectors: Vectors
    ) -> None:
        """In one step make `removed` unfindable and `added` findable; `vectors` has shape (len(added), dimensions).

        Raises:
            Unavailable: nothing has changed, or the change will be seen later; repeating it is harmless.
        """
        ...

    async def chunks(self, tenant: BoundTenant, ids: Sequence[str]) -> list[Chunk]:
        """Copies of the chunks that exist among `ids`, in their order: for when the store of truth does not answer.

        Raises:
            Unavailable: no trustworthy index is loaded.
        """
        ...

    async def missing(self, tenant: BoundTenant, ids: Sequence[str]) -> list[str]:
        """Those of `ids` that a search cannot find.

        Raises:
            Unavailable: no trustworthy index is loaded.
        """
        ...

    @property
    def generation(self) -> int:
        """Grows with every change that became visible; part of every cache key."""
        ...

    async def close(self) -> None:
        """Stop following the volume."""
        ...


class Cache(Protocol):
    """Bytes under a key of the tenant. A cache that is down misses; it never fails a request."""

    async def get(self, tenant: BoundTenant, key: str) -> bytes | None:
        """The value, or None."""
        ...

    async def put(self, tenant: BoundTenant, key: str, value: bytes, ttl_seconds: int) -> None:
        """Keep a value for `ttl_seconds`."""
        ...

    async def increment(self, tenant: BoundTenant, key: str, ttl_seconds: int) -> int:
        """Add one to a counter that vanishes `ttl_seconds` after its first increment; returns the new value.

        Raises:
            Unavailable: there is no shared counter now; the caller counts by itself.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors of shape (number of texts, dimensions), float32, L2-normalised, and the tokens they cost."""

    vectors: Vectors
    tokens: int


class Embedder(Protocol):
    """Turns text into vectors; raises `Unavailable`, never makes a vector up."""

    model: str
    dimensions: int

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """One vector per text, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Completion:
    """What a language model said; token counts are the provider's."""

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int


class LanguageModel(Protocol):
    """Completes a chat; raises `Unavailable` after its own retries."""

    model: str

    async def complete(self, messages: Sequence[dict[str, str]], deadline_seconds: float) -> Completion:
        """Answer before the deadline has passed."""
        ...
