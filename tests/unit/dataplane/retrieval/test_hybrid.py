"""Both legs, and what happens when one is missing."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from ringfence_dataplane.adapters.opensearch.client import READ_SECONDS, Client
from ringfence_dataplane.adapters.opensearch.store import OpenSearchStore
from ringfence_dataplane.documents import Chunk, Hit
from ringfence_dataplane.ports import Embedded, Unavailable
from ringfence_dataplane.resilience.breaker import Breaker
from ringfence_dataplane.retrieval import Hybrid
from ringfence_dataplane.retrieval.hybrid import DEADLINE_SECONDS
from ringfence_dataplane.tenancy import BoundTenant
from tests.unit.dataplane.sample import binding, caller

ACME = caller()


def chunk(name: str) -> Chunk:
    return Chunk(name, "acme", name, "handbook", 1, "", f"text of {name}", 0, 1)


class Legs:
    """Store, vectors and embedder in one; each can fail or dawdle."""

    model = "test"
    dimensions = 2

    def __init__(self, bm25: dict[str, float], near: dict[str, float]) -> None:
        self.bm25, self.near = bm25, near
        self.deleted: set[str] = set()
        self.faults: dict[str, Exception | float] = {}
        self.cancelled: list[str] = []

    async def _meet(self, name: str) -> None:
        fault = self.faults.get(name)
        if isinstance(fault, Exception):
            raise fault
        try:
            await asyncio.sleep(fault or 0)
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise

    async def embed(self, texts: Sequence[str]) -> Embedded:
        await self._meet("embed")
        return Embedded(np.ones((len(texts), 2), np.float32), 1)


class Store:
    def __init__(self, legs: Legs) -> None:
        self._legs = legs

    async def search(self, tenant: BoundTenant, query: str, limit: int) -> list[Hit]:
        await self._legs._meet("search")
        return [Hit(chunk(name), score) for name, score in self._legs.bm25.items()][:limit]

    async def chunks(self, tenant: BoundTenant, ids: Sequence[str]) -> list[Chunk]:
        await self._legs._meet("chunks")
        return [chunk(name) for name in ids if name not in self._legs.deleted]


class Vectors:
    def __init__(self, legs: Legs) -> None:
        self._legs = legs

    async def search(self, tenant: BoundTenant, vector: object, limit: int) -> list[tuple[str, float]]:
        await self._legs._meet("vectors")
        return list(self._legs.near.items())[:limit]

    async def chunks(self, tenant: BoundTenant, ids: Sequence[str]) -> list[Chunk]:
        await self._legs._meet("copies")
        return [chunk(name) for name in ids]


class Hanging:
    """An OpenSearch client whose server takes connections and never answers."""

    async def search(self, **_: object) -> None:
        await asyncio.Event().wait()


async def ask(legs: Legs, seconds: float = 1.0) -> tuple[dict[str, float], tuple[str, ...]]:
    hybrid = Hybrid(Store(legs), Vectors(legs), binding().search, seconds)  # type: ignore[arg-type]
    found = await hybrid(ACME, "question", legs)
    return {hit.chunk.id: round(hit.score, 6) for hit in found.hits}, found.degraded


def legs() -> Legs:
    return Legs({"a": 10.0, "b": 5.0}, {"b": 0.8, "c": 0.9})


DOWN = Unavailable("test", "down")


async def test_both_legs_are_fused() -> None:
    assert await ask(legs()) == ({"b": 0.68, "c": 0.54, "a": 0.4}, ())


@pytest.mark.parametrize("fault", [DOWN, 60.0])
async def test_without_the_document_store_vectors_answer_with_their_copies(fault: Exception | float) -> None:
    both = legs()
    both.faults = {"search": fault, "chunks": fault}
    assert await ask(both, 0.05) == ({"c": 0.9, "b": 0.8}, ("opensearch",))


@pytest.mark.parametrize("broken", ["embed", "vectors"])
@pytest.mark.parametrize("fault", [DOWN, 60.0])
async def test_without_vectors_words_answer(broken: str, fault: Exception | float) -> None:
    both = legs()
    both.faults = {broken: fault}
    assert await ask(both, 0.05) == ({"a": 1.0, "b": 0.5}, ("vectors",))
    if fault == 60.0:
        assert both.cancelled == [broken]


async def test_without_both_there_is_no_answer() -> None:
    both = legs()
    both.faults = {"search": DOWN, "embed": DOWN}
    with pytest.raises(Unavailable, match="neither"):
        await ask(both)


async def test_a_store_lost_after_its_search_is_told_and_copies_are_shown() -> None:
    both = legs()
    both.faults = {"chunks": DOWN}
    assert await ask(both) == ({"b": 0.68, "c": 0.54, "a": 0.4}, ("opensearch",))
    both.faults = {"chunks": DOWN, "copies": DOWN}
    assert await ask(both) == ({"b": 0.68, "a": 0.4}, ("opensearch",))


async def test_what_was_deleted_a_moment_ago_is_not_shown() -> None:
    both = legs()
    both.deleted = {"c"}
    assert await ask(both) == ({"b": 0.68, "a": 0.4}, ())


async def test_no_hits_is_an_answer_not_an_outage() -> None:
    assert await ask(Legs({}, {})) == ({}, ())


async def test_a_caller_who_leaves_leaves_no_work_behind() -> None:
    both = legs()
    both.faults = {"search": 60.0, "embed": 60.0}
    asking = asyncio.create_task(ask(both, 30))
    await asyncio.sleep(0.02)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.sleep(0.02)
    assert sorted(both.cancelled) == ["embed", "search"]


async def test_a_document_store_that_hangs_opens_its_circuit() -> None:
    """At a fifth of the real deadlines."""
    breaker = Breaker("opensearch", 1, 30)
    client = Client(Hanging(), breaker, read_seconds=READ_SECONDS / 5)  # type: ignore[arg-type]
    legs = Legs({}, {"a": 0.8})
    store = OpenSearchStore(client, {"handbook": "genai_acme_handbook"})
    hybrid = Hybrid(store, Vectors(legs), binding().search, DEADLINE_SECONDS / 5)  # type: ignore[arg-type]
    assert (await hybrid(ACME, "question", legs)).degraded == ("opensearch",)
    assert breaker.state == "open"


async def test_a_fault_of_our_own_is_not_taken_for_an_outage() -> None:
    both = legs()
    both.faults = {"search": ValueError("a bug")}
    with pytest.raises(ValueError, match="a bug"):
        await ask(both)
