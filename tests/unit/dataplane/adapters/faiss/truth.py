"""A document store reduced to what a vector index asks of it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import numpy as np

from ringfence_dataplane.adapters.faiss.index import Event, FaissIndex
from ringfence_dataplane.adapters.faiss.volume import Volume
from ringfence_dataplane.documents import Chunk, Vectors
from ringfence_dataplane.ports import StoredChunk, Unavailable
from ringfence_dataplane.resilience.breaker import for_vectors
from ringfence_dataplane.tenancy import BoundTenant
from tests.unit.dataplane.sample import caller

DIMENSIONS = 8
KEY = bytes(range(32))
ACME = caller("acme")


def vector(name: str) -> Vectors:
    """The vector that belongs to a name."""
    made = np.random.default_rng(list(name.encode())).standard_normal(DIMENSIONS).astype(np.float32)
    return made / np.linalg.norm(made)


def chunk(name: str, tenant: BoundTenant = ACME) -> Chunk:
    """The chunk that belongs to a name."""
    return Chunk(name, tenant.tenant_id, name, "handbook", 1, "", f"text\nof {name}", 0, len(name))


class Truth:
    """Implements `stored` of `ports.DocumentStore`."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.down = False

    async def stored(self, tenant: BoundTenant) -> AsyncIterator[StoredChunk]:
        if self.down:
            raise Unavailable("opensearch", "test")
        for name in list(self.names):
            yield StoredChunk(chunk(name, tenant), tuple(vector(name).tolist()))


class Events(list[tuple[Event, str]]):
    def __call__(self, event: Event, message: str) -> None:
        self.append((event, message))

    @property
    def kinds(self) -> list[Event]:
        return [event for event, _ in self]


def index(volume: Volume, truth: Truth, events: Events, tenant: BoundTenant = ACME) -> FaissIndex:
    return FaissIndex(volume, tenant, DIMENSIONS, truth, for_vectors(), events)  # type: ignore[arg-type]


async def put(target: FaissIndex, truth: Truth, *names: str) -> None:
    """As an ingestor does: the truth first."""
    truth.names += [name for name in names if name not in truth.names]
    await target.replace(ACME, [], [chunk(name) for name in names], np.array([vector(name) for name in names]))


async def remove(target: FaissIndex, truth: Truth, *names: str) -> None:
    truth.names = [name for name in truth.names if name not in names]
    await target.replace(ACME, list(names), [], np.empty((0, DIMENSIONS), np.float32))


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def found(target: FaissIndex) -> set[str]:
    """Everything that can be found."""
    return {name for name, _ in await target.search(ACME, vector("any"), 10_000)}
