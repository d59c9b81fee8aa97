"""The vector index: exact, shared, and never wrong without saying so."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from ringfence_dataplane.adapters.faiss import index as faiss_index
from ringfence_dataplane.adapters.faiss.index import FaissIndex
from ringfence_dataplane.adapters.faiss.volume import Volume
from ringfence_dataplane.ports import Unavailable
from tests.unit.dataplane.adapters.faiss.truth import (
    ACME,
    DIMENSIONS,
    KEY,
    Events,
    Truth,
    chunk,
    found,
    index,
    put,
    remove,
    until,
    vector,
)
from tests.unit.dataplane.sample import caller


class Bench:
    """A volume, its truth, and the processes that share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.truth = Truth()
        self.events = Events()
        self._open: list[FaissIndex] = []

    async def process(self, key: bytes = KEY) -> FaissIndex:
        made = index(Volume(self.folder, "acme", DIMENSIONS, key), self.truth, self.events)
        self._open.append(made)
        await made.start()
        await until(lambda: made._compared)
        return made

    async def end(self, process: FaissIndex) -> None:
        self._open.remove(process)
        await process.close()

    def segments(self) -> list[Path]:
        return sorted(self.folder.glob("segment-*"))

    async def close(self) -> None:
        for process in self._open:
            await process.close()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path / "vectors")
    yield bench
    await bench.close()


async def test_the_nearest_come_first_exactly_as_numpy_says(bench: Bench) -> None:
    names = [f"chunk-{n}" for n in range(500)]
    process = await bench.process()
    for start in range(0, 500, 50):
        await put(process, bench.truth, *names[start : start + 50])
    await remove(process, bench.truth, *names[::3])
    left = [name for name in names if name in bench.truth.names]
    cosines = {name: float(vector(name) @ vector("question")) for name in left}
    hits = await process.search(ACME, vector("question"), 10)
    assert [name for name, _ in hits] == sorted(left, key=lambda name: -cosines[name])[:10]
    assert np.allclose([score for _, score in hits], [cosines[name] for name, _ in hits], atol=1e-6)


async def test_a_chunk_that_comes_back_is_found_once(bench: Bench) -> None:
    process = await bench.process()
    await put(process, bench.truth, "a", "b")
    await remove(process, bench.truth, "a")
    assert await found(process) == {"b"}
    assert await process.missing(ACME, ["a", "b"]) == ["a"]
    await put(process, bench.truth, "a")
    await put(process, bench.truth, "a", "b")
    hits = await process.search(ACME, vector("a"), 10)
    assert sorted(name for name, _ in hits) == ["a", "b"]
    assert await process.missing(ACME, ["a", "b"]) == []


async def test_chunks_can_be_read_without_the_truth(bench: Bench) -> None:
    process = await bench.process()
    await put(process, bench.truth, "a", "b", "c")
    await remove(process, bench.truth, "b")
    await bench.end(process)
    process = await bench.process()
    bench.truth.down = True
    assert await process.chunks(ACME, ["c", "b", "no such", "a"]) == [chunk("c"), chunk("a")]


async def test_every_change_raises_the_generation(bench: Bench) -> None:
    process = await bench.process()
    seen = [process.generation]
    for name in ("a", "b", "c"):
        await put(process, bench.truth, name)
        seen.append(process.generation)
    assert seen == sorted(set(seen))


async def test_another_process_sees_a_change_within_a_second(bench: Bench) -> None:
    writer, reader = await bench.process(), await bench.process()
    await put(writer, bench.truth, "a")
    async with asyncio.timeout(1.0):
        while await found(reader) != {"a"}:
            await asyncio.sleep(0.01)
    assert reader.generation == writer.generation


async def test_two_processes_that_write_at_once_lose_nothing(bench: Bench) -> None:
    processes = [await bench.process(), await bench.process()]
    await asyncio.gather(*(put(processes[n % 2], bench.truth, f"chunk-{n}") for n in range(40)))
    expected = {f"chunk-{n}" for n in range(40)}
    await until(lambda: processes[0].generation == processes[1].generation)
    assert await found(processes[0]) == await found(processes[1]) == expected


async def test_an_index_outlives_its_process(bench: Bench) -> None:
    process = await bench.process()
    await put(process, bench.truth, "a", "b")
    before = process.generation
    await bench.end(process)
    process = await bench.process()
    assert await found(process) == {"a", "b"}
    assert process.generation >= before
    assert bench.events.kinds == ["damaged", "rebuilt"]  # the first start found an empty volume


async def test_small_segments_are_merged(bench: Bench) -> None:
    process = await bench.process()
    for n in range(70):
        await put(process, bench.truth, f"chunk-{n}")
    snapshot = process._snapshot
    assert snapshot is not None
    assert len(snapshot.parts) < 20
    await remove(process, bench.truth, *[f"chunk-{n}" for n in range(60)])
    snapshot = process._snapshot
    assert snapshot is not None
    assert sum(entry.rows for entry in snapshot.manifest.segments) < 20
    assert await found(process) == {f"chunk-{n}" for n in range(60, 70)}


Harm = Callable[[Bench], object]


def _flip(path: Path, place: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)


def _swap_segments(bench: Bench) -> None:
    first, second = bench.segments()[-2:]
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)


HARM: dict[str, Harm] = {
    "flipped vector": lambda bench: _flip(bench.segments()[-1], 1.0),
    "flipped id": lambda bench: _flip(bench.segments()[-1], 0.02),
    "torn segment": lambda bench: bench.segments()[-1].write_bytes(bench.segments()[-1].read_bytes()[:-40]),
    "empty segment": lambda bench: bench.segments()[-1].write_bytes(b""),
    "missing segment": lambda bench: bench.segments()[-1].unlink(),
    "swapped segments": _swap_segments,
    "flipped manifest": lambda bench: _flip(bench.folder / "manifest.json", 0.5),
    "flipped MAC": lambda bench: _flip(bench.folder / "manifest.json", 0.03),
    "torn manifest": lambda bench: (bench.folder / "manifest.json").write_bytes(
        (bench.folder / "manifest.json").read_bytes()[:-20]
    ),
    "no manifest": lambda bench: (bench.folder / "manifest.json").unlink(),
    "pickle": lambda bench: (bench.folder / "manifest.json").write_bytes(b"\x80\x04cos\nsystem\n."),
    "all gone": lambda bench: shutil.rmtree(bench.folder),
}


@pytest.mark.parametrize("harm", HARM)
async def test_a_damaged_volume_is_reported_and_rebuilt_at_start(bench: Bench, harm: str) -> None:
    process = await bench.process()
    for name in ("a", "b", "c"):
        await put(process, bench.truth, name)
    before = process.generation
    await bench.end(process)
    HARM[harm](bench)
    bench.events.clear()
    process = await bench.process()
    assert bench.events.kinds[:2] == ["damaged", "rebuilt"]
    assert await found(process) == {"a", "b", "c"}
    assert process.generation > before


async def test_damage_is_never_searched_while_the_truth_is_away(bench: Bench) -> None:
    process = await bench.process()
    await put(process, bench.truth, "a")
    await bench.end(process)
    _flip(bench.segments()[-1], 1.0)
    bench.truth.down = True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await bench.process()
    process = bench._open[-1]
    assert "failed" in bench.events.kinds
    with pytest.raises(Unavailable, match="no trustworthy index"):
        await process.search(ACME, vector("a"), 5)
    with pytest.raises(Unavailable):
        await process.replace(ACME, [], [chunk("b")], np.array([vector("b")]))


async def test_a_manifest_damaged_under_a_running_process_is_rebuilt(bench: Bench) -> None:
    process = await bench.process()
    await put(process, bench.truth, "a")
    bench.events.clear()
    _flip(bench.folder / "manifest.json", 0.5)
    await until(lambda: "rebuilt" in bench.events.kinds)
    assert await found(process) == {"a"}


async def test_a_write_onto_a_damaged_volume_says_so_and_heals(bench: Bench) -> None:
    process = await bench.process()
    await put(process, bench.truth, "a")
    before = process.generation
    (bench.folder / "manifest.json").write_text("{}")
    bench.truth.names.append("b")
    with contextlib.suppress(Unavailable):  # unless the follower was quicker
        await process.replace(ACME, [], [chunk("b")], np.array([vector("b")]))
    await until(lambda: process.generation > before)
    assert await found(process) == {"a", "b"}


async def test_a_rolled_back_index_is_refused(bench: Bench, tmp_path: Path) -> None:
    process = await bench.process()
    await put(process, bench.truth, "secret", "b")
    shutil.copytree(bench.folder, tmp_path / "older")
    await remove(process, bench.truth, "secret")
    bench.events.clear()
    for path in (tmp_path / "older").iterdir():
        shutil.copy(path, bench.folder / f".new-{path.name}")
        (bench.folder / f".new-{path.name}").rename(bench.folder / path.name)
    await until(lambda: "rebuilt" in bench.events.kinds)
    assert "rolled back" in bench.events[0][1]
    assert await found(process) == {"b"}


async def test_an_index_rolled_back_while_no_process_ran_is_compared_with_the_truth(
    bench: Bench, tmp_path: Path
) -> None:
    process = await bench.process()
    await put(process, bench.truth, "deleted later", "b")
    shutil.copytree(bench.folder, tmp_path / "older")
    await remove(process, bench.truth, "deleted later")
    await put(process, bench.truth, "c")
    await bench.end(process)
    shutil.rmtree(bench.folder)
    shutil.copytree(tmp_path / "older", bench.folder)
    bench.events.clear()
    process = await bench.process()
    await until(lambda: "repaired" in bench.events.kinds)
    assert bench.events[-1][1] == "1 vectors were missing, 1 had no document"
    assert await found(process) == {"b", "c"}


async def test_another_tenants_volume_is_refused(bench: Bench, tmp_path: Path) -> None:
    events, truth = Events(), Truth()
    other = index(Volume(tmp_path / "globex", "globex", DIMENSIONS, KEY), truth, events, caller("globex"))
    await other.start()
    await until(lambda: other.generation > 0)
    await other.replace(caller("globex"), [], [chunk("secret", caller("globex"))], np.array([vector("secret")]))
    await other.close()
    shutil.copytree(tmp_path / "globex", bench.folder)
    process = await bench.process()
    assert "MAC" in bench.events[0][1] or "another tenant" in bench.events[0][1]
    assert await found(process) == set()
    with pytest.raises(PermissionError):
        await process.search(caller("globex"), vector("secret"), 5)


async def test_another_key_means_another_index(bench: Bench) -> None:
    process = await bench.process()
    await put(process, bench.truth, "a")
    await bench.end(process)
    process = await bench.process(key=bytes(32))
    assert "MAC is wrong" in bench.events[-2][1] or "MAC is wrong" in bench.events[-1][1]
    assert await found(process) == {"a"}


async def test_what_a_crash_between_store_and_index_left_out_is_added_at_the_next_start(bench: Bench) -> None:
    process = await bench.process()
    await put(process, bench.truth, "a")
    bench.truth.names.append("stored, then the power went")
    await bench.end(process)
    process = await bench.process()
    await until(lambda: "repaired" in bench.events.kinds)
    assert await found(process) == {"a", "stored, then the power went"}


async def test_a_full_volume_keeps_serving_the_old_index(bench: Bench) -> None:
    process = await bench.process()
    await put(process, bench.truth, "a")
    volume = FullVolume(bench.folder, "acme", DIMENSIONS, KEY)
    process._volume = volume
    with pytest.raises(Unavailable, match="No space left"):
        await process.replace(ACME, [], [chunk("b")], np.array([vector("b")]))
    assert await found(process) == {"a"}
    assert not list(bench.folder.glob(".*"))


class FullVolume(Volume):
    def add(self, chunks: object, vectors: object) -> None:  # type: ignore[override]
        raise OSError(28, "No space left on device")


async def test_files_that_nobody_needs_are_removed_in_the_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    process = await bench.process()
    for n in range(20):
        await put(process, bench.truth, f"chunk-{n}")
    leftover = bench.folder / ".segment-1-2.faiss.abcd.tmp"
    leftover.write_bytes(b"half")
    for path in (*bench.segments(), leftover):
        os.utime(path, (0, 0))
    await put(process, bench.truth, "last")
    snapshot = process._snapshot
    assert snapshot is not None
    named = {entry.file for entry in snapshot.manifest.segments}
    assert {path.name for path in bench.segments()} == named
    assert not leftover.exists()


def test_following_is_quick_enough_to_be_promised() -> None:
    assert faiss_index.FOLLOW_SECONDS <= 0.5
