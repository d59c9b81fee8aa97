"""`ports.VectorStore` on FAISS segments: searches in memory, follows the volume, heals itself."""

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Self, TypeVar

import faiss
import numpy as np

from ringfence_api.binding import MANIFEST_KEY, VectorBinding
from ringfence_dataplane.adapters.faiss.manifest import Damaged, Manifest
from ringfence_dataplane.adapters.faiss.snapshot import Snapshot
from ringfence_dataplane.adapters.faiss.volume import Busy, Fenced, Volume
from ringfence_dataplane.adapters.faiss.writer import Change
from ringfence_dataplane.credentials import Credentials
from ringfence_dataplane.documents import Chunk, Vectors
from ringfence_dataplane.ports import DocumentStore, StoredChunk, Unavailable
from ringfence_dataplane.resilience.breaker import Breaker, Listener, for_vectors, ignore
from ringfence_dataplane.tenancy import BoundTenant

SERVICE = "vectors"
SEARCH_SECONDS = 2.0
WRITE_SECONDS = 30.0
"""How long a write waits for other writers."""
FOLLOW_SECONDS = 0.5
"""How often the manifest is looked at."""
RETRY_SECONDS = 5.0
"""Pause after a failed attempt to load or rebuild."""
REBUILD_ROWS = 10_000
"""Rows of a segment in a rebuild: bounds memory beside the index itself."""

Event = Literal["damaged", "rebuilt", "repaired", "failed"]
Report = Callable[[Event, str], None]
T = TypeVar("T")


def unreported(event: Event, message: str) -> None:
    """Tell nobody."""


class FaissIndex:
    """One tenant's vectors. Any number of processes may share the folder; one writes at a time.

    Until `start` has loaded or rebuilt an index, and from the moment that the volume is found damaged until it is
    rebuilt from `store`, every method raises `Unavailable`.
    """

    def __init__(
        self,
        volume: Volume,
        tenant: BoundTenant,
        dimensions: int,
        store: DocumentStore,
        breaker: Breaker,
        report: Report = unreported,
    ) -> None:
        self._volume = volume
        self._tenant = tenant
        self._store = store
        self._breaker = breaker
        self._report = report
        self._empty = Manifest(tenant.tenant_id, dimensions, 0, ())
        self._snapshot: Snapshot | None = None
        self._stamp: tuple[int, int, int] | None = None
        self._seen = 0
        self._compared = False
        self._follower: asyncio.Task[None] | None = None
        self._searchers = ThreadPoolExecutor(2, thread_name_prefix="faiss-search")
        self._files = ThreadPoolExecutor(1, thread_name_prefix="faiss-files")
        self._turn = asyncio.Lock()
        faiss.omp_set_num_threads(1)  # requests run beside each other; one search does not take all cores

    @classmethod
    def from_binding(
        cls,
        binding: VectorBinding,
        tenant: BoundTenant,
        credentials: Credentials,
        store: DocumentStore,
        on_event: Listener = ignore,
        report: Report = unreported,
    ) -> Self:
        """Index in the Binding's folder; `tenant` is the data plane's own (`tenancy.maintenance`).

        Raises:
            ringfence_dataplane.credentials.MissingCredential: no manifest key.
        """
        key = credentials.key(MANIFEST_KEY)
        volume = Volume(Path(binding.directory), tenant.tenant_id, binding.dimensions, key)
        return cls(volume, tenant, binding.dimensions, store, for_vectors(on_event), report)

    async def start(self) -> None:
        """Load, repair and follow the volume in the background; returns at once."""
        self._follower = asyncio.create_task(self._follow(), name="faiss-follower")

    @property
    def generation(self) -> int:
        """Grows with every change that became visible here; 0 while there is no index."""
        return self._snapshot.manifest.generation if self._snapshot else 0

    async def search(self, tenant: BoundTenant, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """(chunk id, cosine) of the nearest chunks, best first; `vector` has shape (dimensions,)."""
        snapshot = self._loaded(tenant)
        query = np.ascontiguousarray(vector, np.float32)
        if query.shape != (snapshot.manifest.dimensions,):
            raise Unavailable(SERVICE, f"a vector of shape {query.shape} does not fit the index")
        try:
            async with self._breaker.guard(), asyncio.timeout(SEARCH_SECONDS):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._searchers, snapshot.search, query, limit)
        except TimeoutError as error:
            raise Unavailable(SERVICE, "a search took too long") from error
        except RuntimeError as error:
            raise Unavailable(SERVICE, type(error).__name__) from error

    async def missing(self, tenant: BoundTenant, ids: Sequence[str]) -> list[str]:
        """Those of `ids` that a search cannot find."""
        snapshot = self._loaded(tenant)
        return [chunk_id for chunk_id in ids if not snapshot.holds(chunk_id)]

    async def chunks(self, tenant: BoundTenant, ids: Sequence[str]) -> list[Chunk]:
        """Copies of the chunks that a search can find among `ids`, in their order."""
        snapshot = self._loaded(tenant)
        return [found for chunk_id in ids if (found := snapshot.chunk(chunk_id)) is not None]

    async def replace(
        self, tenant: BoundTenant, removed: Sequence[str], added: Sequence[Chunk], vectors: Vectors
    ) -> None:
        """In one step make `removed` unfindable and `added` findable; visible here when it returns."""
        self._loaded(tenant)
        try:
            async with asyncio.timeout(2 * WRITE_SECONDS), self._turn:
                await self._in_thread(lambda: self._replace(removed, added, vectors))
        except TimeoutError as error:
            raise Unavailable(SERVICE, "the index is being rebuilt or others are writing") from error
        except Damaged as damage:
            self._snapshot, self._stamp = None, None  # the follower sees it and rebuilds
            self._report("damaged", str(damage))
            raise Unavailable(SERVICE, "the index on the volume is damaged") from damage

    async def close(self) -> None:
        """Stop following the volume."""
        if self._follower is not None:
            self._follower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._follower
        self._searchers.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._files.shutdown)

    def _loaded(self, tenant: BoundTenant) -> Snapshot:
        if tenant.tenant_id != self._tenant.tenant_id:
            raise PermissionError("this index belongs to another tenant")
        if self._snapshot is None:
            raise Unavailable(SERVICE, "no trustworthy index is loaded")
        return self._snapshot

    async def _follow(self) -> None:
        while True:
            pause = FOLLOW_SECONDS
            try:
                async with self._turn:
                    if self._snapshot is None or self._volume.stamp() != self._stamp:
                        await self._load_or_rebuild()
                    if not self._compared:
                        await self._compare_with_truth()
                        self._compared = True
            except Exception as error:  # a follower that ends would leave an index that nobody updates
                self._report("failed", str(error) if isinstance(error, Unavailable) else type(error).__name__)
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    async def _load_or_rebuild(self) -> None:
        try:
            await self._in_thread(self._load)
        except Damaged as damage:
            self._snapshot = None
            self._report("damaged", str(damage))
            await self._rebuild()

    def _load(self) -> None:
        """Take what is on the volume; a manifest that is replaced meanwhile is read again."""
        while True:
            stamp = self._volume.stamp()
            try:
                self._take(self._current(), stamp)
            except Damaged:
                if self._volume.stamp() == stamp:
                    raise
            else:
                return

    def _current(self) -> Snapshot:
        manifest = self._volume.read()
        if manifest is None:
            raise Damaged("there is no index on the volume")
        if manifest.generation < self._seen:
            raise Damaged(f"the index was rolled back from generation {self._seen} to {manifest.generation}")
        return self._volume.load(manifest, self._snapshot)

    def _take(self, snapshot: Snapshot, stamp: tuple[int, int, int] | None) -> None:
        self._stamp = stamp
        self._seen = snapshot.manifest.generation
        self._snapshot = snapshot

    def _replace(self, removed: Sequence[str], added: Sequence[Chunk], vectors: Vectors) -> None:
        with self._volume.lock(WRITE_SECONDS):
            base = self._current()
            change = Change(self._volume, base, self._empty, self._seen)
            change.remove([*removed, *(chunk.id for chunk in added)])
            change.add(added, vectors)
            self._commit(change, base.manifest)

    async def _rebuild(self) -> None:
        """Make the index anew from the document store, unless another process did while we waited."""
        started = time.monotonic()
        async with self._writing():
            with contextlib.suppress(Damaged):
                await self._in_thread(self._load)
                return
            on_volume = await self._in_thread(self._readable)
            change = Change(self._volume, None, self._empty, max(self._seen, on_volume.generation if on_volume else 0))
            rows = 0
            async for batch in self._truth():
                await self._in_thread(functools.partial(_add, change, batch))
                rows += len(batch)
            await self._in_thread(lambda: self._commit(change, on_volume))
        self._report("rebuilt", f"{rows} vectors in {time.monotonic() - started:.1f} s")

    async def _compare_with_truth(self) -> None:
        """Repair what a crash between document store and index, or an older volume, has left different.

        Writers wait meanwhile: a chunk that is stored and not yet indexed would look lost, or gone.
        """
        async with self._writing():
            await self._in_thread(self._load)
            base = self._loaded(self._tenant)
            change = Change(self._volume, base, self._empty, self._seen)
            gone, added = set(base.ids()), 0
            async for batch in self._truth():
                gone.difference_update(stored.chunk.id for stored in batch)
                lost = [stored for stored in batch if not base.holds(stored.chunk.id)]
                await self._in_thread(functools.partial(_add, change, lost))
                added += len(lost)
            if not gone and not added:
                return
            await self._in_thread(lambda: change.remove(list(gone)))
            await self._in_thread(lambda: self._commit(change, base.manifest))
        self._report("repaired", f"{added} vectors were missing, {len(gone)} had no document")

    async def _truth(self) -> AsyncIterator[list[StoredChunk]]:
        batch: list[StoredChunk] = []
        async for stored in self._store.stored(self._tenant):
            batch.append(stored)
            if len(batch) == REBUILD_ROWS:
                yield batch
                batch = []
        yield batch

    @contextlib.asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        with contextlib.ExitStack() as stack:
            await self._in_thread(lambda: stack.enter_context(self._volume.lock(WRITE_SECONDS)))
            yield

    def _readable(self) -> Manifest | None:
        try:
            return self._volume.read()
        except Damaged:
            return None

    def _commit(self, change: Change, on_volume: Manifest | None) -> None:
        change.compact()
        self._take(change.commit(on_volume), self._volume.stamp())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Run file work, one piece after the other.

        Raises:
            Unavailable: others kept writing, or the volume is full or broken.
            Damaged: as `work` does.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._files, work)
        except Busy as error:
            raise Unavailable(SERVICE, f"another process kept writing for {WRITE_SECONDS:.0f} s") from error
        except Fenced as error:
            raise Unavailable(SERVICE, "another process wrote at the same time") from error
        except OSError as error:
            raise Unavailable(SERVICE, f"the volume cannot be used ({error.strerror})") from error
        except RuntimeError as error:
            raise Unavailable(SERVICE, "it is closed, or FAISS failed") from error


def _add(change: Change, batch: Sequence[StoredChunk]) -> None:
    if batch:
        change.add([stored.chunk for stored in batch], np.array([stored.vector for stored in batch], np.float32))
