"""Embeddings from any OpenAI-compatible endpoint."""

import base64
import functools
from collections.abc import Sequence
from typing import Self

import numpy as np
import openai

from ringfence_api.binding import EMBEDDING_API_KEY, OpenAIEmbedding
from ringfence_dataplane.credentials import Credentials
from ringfence_dataplane.documents import Vectors
from ringfence_dataplane.models import openai_client
from ringfence_dataplane.ports import Embedded
from ringfence_dataplane.resilience.breaker import Breaker, Listener, for_vectors, ignore
from ringfence_dataplane.resilience.retry import REAL, Clock

SERVICE = "embedding"
BATCH = 64
BATCH_SECONDS = 30.0
"""Deadline of one request, retries included."""


class OpenAIEmbeddings:
    """Implements `ports.Embedder`."""

    def __init__(
        self, client: openai.AsyncOpenAI, model: str, dimensions: int, breaker: Breaker, clock: Clock = REAL
    ) -> None:
        self.model = model
        self.dimensions = dimensions
        self._client = client
        self._breaker = breaker
        self._clock = clock

    @classmethod
    def from_binding(cls, binding: OpenAIEmbedding, credentials: Credentials, on_event: Listener = ignore) -> Self:
        """Client of the tenant's endpoint; the key is optional, for endpoints inside the cluster."""
        key = credentials.text(EMBEDDING_API_KEY) if credentials.has(EMBEDDING_API_KEY) else None
        breaker = for_vectors(on_event, counts=openai_client.is_down)
        return cls(openai_client.client(binding.base_url, key), binding.model, binding.dimensions, breaker)

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """One vector per text, in order.

        Raises:
            Unavailable: no answer in time, refused, or vectors that are not of `dimensions` finite numbers.
        """
        parts, tokens = [np.empty((0, self.dimensions), np.float32)], 0
        for start in range(0, len(texts), BATCH):
            batch = list(texts[start : start + BATCH])
            call = functools.partial(self._batch, batch)
            part = await openai_client.ask(SERVICE, self._breaker, BATCH_SECONDS, call, self._clock)
            parts.append(part.vectors)
            tokens += part.tokens
        return Embedded(np.concatenate(parts), tokens)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _batch(self, texts: list[str], seconds: float) -> Embedded:
        answer = await self._client.embeddings.create(
            model=self.model, input=texts, encoding_format="float", timeout=seconds
        )
        ordered = sorted(answer.data, key=lambda item: item.index)
        vectors = np.array([_numbers(item.embedding) for item in ordered], np.float32)
        if vectors.shape != (len(texts), self.dimensions) or not np.isfinite(vectors).all():
            raise ValueError(f"vectors of shape {vectors.shape}, wanted {(len(texts), self.dimensions)}")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (lengths > 0).all():
            raise ValueError("a vector of length 0")
        return Embedded(vectors / lengths, answer.usage.total_tokens)


def _numbers(embedding: list[float] | str) -> Vectors | list[float]:
    # Some endpoints send base64 whatever was asked for.
    return np.frombuffer(base64.b64decode(embedding), "<f4") if isinstance(embedding, str) else embedding
