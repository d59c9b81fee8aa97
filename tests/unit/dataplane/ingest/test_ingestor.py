"""From a document to both legs of a search, on the laptop's stores."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from ringfence_dataplane.adapters.faiss.index import FaissIndex
from ringfence_dataplane.adapters.faiss.volume import Volume
from ringfence_dataplane.adapters.sqlite import SqliteStore
from ringfence_dataplane.documents import Vectors
from ringfence_dataplane.ingest import Ingestor
from ringfence_dataplane.ports import Embedded, PutResult, Unavailable
from ringfence_dataplane.resilience.breaker import for_vectors
from tests.unit.dataplane.adapters.faiss.truth import until
from tests.unit.dataplane.sample import caller

ACME = caller("acme")
DIMENSIONS = 16


class Embedder:
    """Vectors made of letters; counts what it reads."""

    model = "letters"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self.read: list[str] = []
        self.down = False

    async def embed(self, texts: Sequence[str]) -> Embedded:
        if self.down:
            raise Unavailable("embedding", "test")
        self.read += texts
        vectors = np.array([self.vector(text) for text in texts], np.float32).reshape(-1, DIMENSIONS)
        return Embedded(vectors, len(texts))

    def vector(self, text: str) -> Vectors:
        made = np.random.default_rng(list(text.encode())).standard_normal(DIMENSIONS).astype(np.float32)
        return made / np.linalg.norm(made)


class Rig:
    """Real stores in a folder."""

    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore(folder / "documents.db")
        volume = Volume(folder / "vectors", "acme", DIMENSIONS, bytes(32))
        self.vectors = FaissIndex(volume, ACME, DIMENSIONS, self.store, for_vectors())
        self.embedder = Embedder()
        self.ingestor = Ingestor(self.store, self.vectors, self.embedder)

    async def put(self, name: str, content: str, title: str = "") -> PutResult:
        return await self.ingestor.put(ACME, name, "handbook", title, content, "text/markdown")

    async def in_index(self) -> set[str]:
        hits = await self.vectors.search(ACME, self.embedder.vector("any"), 1000)
        return {name for name, _ in hits}

    async def in_truth(self) -> set[str]:
        return {stored.chunk.id async for stored in self.store.stored(ACME)}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(tmp_path)
    await rig.vectors.start()
    await until(lambda: rig.vectors.generation > 0)
    yield rig
    await rig.vectors.close()
    await rig.store.close()


LONG = "\n\n".join(f"## Part {n}\n\n" + f"Words about matter {n}. " * 12 for n in range(5))


async def test_a_document_is_in_both_legs_when_put_returns(rig: Rig) -> None:
    assert (await rig.put("leave", LONG)).status == "created"
    assert await rig.in_index() == await rig.in_truth() != set()
    hits = await rig.store.search(ACME, "matter 3", 5)
    document = await rig.ingestor.get(ACME, "leave")
    assert document is not None
    for hit in hits:
        assert document.content[hit.chunk.start : hit.chunk.end] == hit.chunk.content


async def test_the_same_again_is_not_embedded_again(rig: Rig) -> None:
    await rig.put("leave", LONG)
    read, generation = len(rig.embedder.read), rig.vectors.generation
    assert await rig.put("leave", LONG) == PutResult("leave", "unchanged", 1)
    assert (len(rig.embedder.read), rig.vectors.generation) == (read, generation)


async def test_an_update_leaves_nothing_of_the_former_version_in_either_leg(rig: Rig) -> None:
    await rig.put("leave", LONG)
    assert await rig.put("leave", "# Leave\n\nNow it is short.") == PutResult("leave", "updated", 2)
    assert len(await rig.in_index()) == 1
    assert await rig.in_index() == await rig.in_truth()


async def test_the_copies_beside_the_vectors_are_of_the_version_in_the_store(rig: Rig) -> None:
    await rig.put("leave", LONG)
    await rig.put("leave", LONG + "\n\n## Part 9\n\nAdded later.")
    copies = await rig.vectors.chunks(ACME, sorted(await rig.in_index()))
    assert copies == await rig.store.chunks(ACME, sorted(await rig.in_truth()))
    assert {copy.version for copy in copies} == {2}


async def test_a_deleted_document_is_in_neither_leg(rig: Rig) -> None:
    await rig.put("leave", LONG)
    await rig.put("other", "# Other\n\nSomething else.")
    generation = rig.vectors.generation
    assert await rig.ingestor.delete(ACME, "leave")
    assert await rig.in_index() == await rig.in_truth()
    assert len(await rig.in_index()) == 1
    assert rig.vectors.generation > generation
    assert not await rig.ingestor.delete(ACME, "leave")


async def test_a_document_names_itself_unless_the_caller_does(rig: Rig) -> None:
    for given, expected in (("", "Heading"), ("Given", "Given")):
        await rig.put("a", "# Heading\n\ntext", given)
        document = await rig.ingestor.get(ACME, "a")
        assert document is not None
        assert document.title == expected
    await rig.put("nameless", "text")
    document = await rig.ingestor.get(ACME, "nameless")
    assert document is not None
    assert document.title == "nameless"


async def test_what_cannot_be_read_is_refused_and_the_former_version_stays(rig: Rig) -> None:
    await rig.put("a", "good text")
    refused = await rig.put("a", " \n ")
    assert (refused.status, refused.reason) == ("refused", "the document has no text")
    assert await rig.store.search(ACME, "good", 5)


async def test_repeated_passages_are_kept_apart(rig: Rig) -> None:
    section = "## Same\n\n" + "The very same words again. " * 22
    await rig.put("a", f"{section}\n\n{section}\n\n{section}")
    assert len(await rig.in_truth()) == 3


async def test_without_embedder_nothing_is_stored(rig: Rig) -> None:
    rig.embedder.down = True
    with pytest.raises(Unavailable, match="embedding"):
        await rig.put("a", "text")
    assert await rig.store.count(ACME) == 0


class BrokenOnce:
    """A vector store whose next change fails."""

    def __init__(self, inner: FaissIndex) -> None:
        self._inner = inner
        self.broken = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def replace(self, *arguments: object) -> None:
        if self.broken:
            self.broken = False
            raise Unavailable("vectors", "test")
        await self._inner.replace(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", ["create", "update", "shorten", "delete"])
async def test_a_change_that_did_not_reach_the_index_is_completed_by_repeating_it(rig: Rig, change: str) -> None:
    if change != "create":
        await rig.put("a", LONG)
    broken = BrokenOnce(rig.vectors)
    ingestor = Ingestor(rig.store, broken, rig.embedder)  # type: ignore[arg-type]
    content = {"create": LONG, "update": "entirely different", "shorten": LONG.rsplit("\n\n##", 1)[0]}.get(change)

    async def attempt() -> None:
        if content is None:
            await ingestor.delete(ACME, "a")
        else:
            await ingestor.put(ACME, "a", "handbook", "", content, "text/markdown")

    broken.broken = True
    generation = rig.vectors.generation
    with pytest.raises(Unavailable):
        await attempt()
    await attempt()
    assert await rig.in_index() == await rig.in_truth()
    assert rig.vectors.generation > generation


async def test_changes_of_one_document_at_once_end_in_one_version(rig: Rig) -> None:
    await asyncio.gather(*(rig.put("a", f"# Text\n\nversion number {n}") for n in range(8)))
    assert await rig.in_index() == await rig.in_truth()
    assert len(await rig.in_index()) == 1
