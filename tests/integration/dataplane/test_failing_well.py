"""Ingest and hybrid retrieval on a real OpenSearch that goes away and comes back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from ringfence_dataplane.adapters.faiss.index import FaissIndex
from ringfence_dataplane.adapters.faiss.volume import Volume
from ringfence_dataplane.adapters.opensearch import OpenSearchStore
from ringfence_dataplane.documents import Vectors
from ringfence_dataplane.ingest import Ingestor
from ringfence_dataplane.ports import Embedded, Unavailable
from ringfence_dataplane.resilience.breaker import for_vectors
from ringfence_dataplane.retrieval import Found, Hybrid
from tests.integration.dataplane.tenancy import Tenancy
from tests.unit.dataplane.sample import binding, caller

ACME = caller()
DIMENSIONS = 64
TEXTS = {
    "leave": "# Leave\n\nEmployees get 25 days of annual leave.",
    "canteen": "# Canteen\n\nSoup is served at noon in the canteen.",
    "badge": "# Badges\n\nA lost badge is reported to the reception.",
}


class WordEmbedder:
    """Words that occur in both texts make them near."""

    model = "words"
    dimensions = DIMENSIONS

    async def embed(self, texts: Sequence[str]) -> Embedded:
        return Embedded(np.stack([self._vector(text) for text in texts]), 0)

    def _vector(self, text: str) -> Vectors:
        vector = np.full(DIMENSIONS, 0.01, np.float32)
        for word in text.lower().replace(".", "").replace("#", "").split():
            vector[sum(map(ord, word)) % DIMENSIONS] += 1
        return vector / np.linalg.norm(vector)


class Plane:
    """Store, index, ingestor and retriever as one data plane has them."""

    def __init__(self, tenancy: Tenancy, folder: Path) -> None:
        self.store: OpenSearchStore = tenancy.store()
        self.events: list[str] = []
        self.vectors = FaissIndex(
            Volume(folder, "acme", DIMENSIONS, bytes(32)), ACME, DIMENSIONS, self.store, for_vectors(),
            lambda event, _: self.events.append(event),
        )  # fmt: skip
        self.ingestor = Ingestor(self.store, self.vectors, WordEmbedder())
        self.retrieve = Hybrid(self.store, self.vectors, binding().search, deadline_seconds=5)

    async def ask(self, question: str) -> Found:
        return await self.retrieve(ACME, question, WordEmbedder())

    async def loaded(self) -> None:
        async with asyncio.timeout(120):
            while not self.vectors.generation:
                await asyncio.sleep(0.1)

    async def close(self) -> None:
        await self.vectors.close()
        await self.store.close()


@pytest.fixture
async def plane(tenancy: Tenancy, tmp_path: Path) -> AsyncIterator[Plane]:
    plane = Plane(tenancy, tmp_path / "vectors")
    await plane.vectors.start()
    await plane.loaded()
    for name, text in TEXTS.items():
        await plane.ingestor.put(ACME, name, "handbook", "", text, "text/markdown")
    yield plane
    await plane.close()


async def test_both_legs_answer_at_once_after_ingest(plane: Plane) -> None:
    found = await plane.ask("how many days of annual leave?")
    assert found.degraded == ()
    assert found.hits[0].chunk.document_id == "leave"
    assert found.hits[0].chunk.content == TEXTS["leave"]


async def test_a_deleted_document_is_found_by_neither_leg(plane: Plane) -> None:
    assert await plane.ingestor.delete(ACME, "leave")
    found = await plane.ask("annual leave of employees")
    assert "leave" not in {hit.chunk.document_id for hit in found.hits}


async def test_vectors_are_rebuilt_from_opensearch_after_the_volume_is_lost(plane: Plane, tenancy: Tenancy) -> None:
    folder = plane.vectors._volume._folder
    for path in folder.glob("*"):
        path.unlink()
    fresh = Plane(tenancy, folder)
    await fresh.vectors.start()
    await fresh.loaded()
    assert fresh.events[:2] == ["damaged", "rebuilt"]
    found = await fresh.ask("lost badge reception")
    assert (found.hits[0].chunk.document_id, found.degraded) == ("badge", ())
    await fresh.close()


async def test_without_opensearch_vectors_answer_and_it_heals_by_itself(plane: Plane, tenancy: Tenancy) -> None:
    tenancy.server.stop()
    try:
        found = await plane.ask("lost badge reception")
        assert found.degraded == ("opensearch",)
        assert found.hits[0].chunk.content == TEXTS["badge"]
        with pytest.raises(Unavailable, match="opensearch"):
            await plane.ingestor.put(ACME, "new", "handbook", "", "some text", "text/plain")
    finally:
        tenancy.server.resume()
    async with asyncio.timeout(120):
        while (await plane.ask("lost badge reception")).degraded:
            await asyncio.sleep(1)
    assert (await plane.ingestor.put(ACME, "new", "handbook", "", "some text", "text/plain")).status == "created"
