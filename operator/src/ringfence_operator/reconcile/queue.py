"""A queue of names with due times: each name waits once, and is never worked on twice at the same time.

Kopf's own per-object handlers would write progress and retries into annotations of the Tenant, keep a task for
each timer, and let a slow object occupy a worker slot; a queue in memory needs none of that, because
reconciliation starts from what is, not from what happened.
"""

import asyncio
import heapq
from collections.abc import Callable


class WorkQueue:
    """Names and when they are due. Seconds are those of `clock` (monotonic)."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._busy: set[str] = set()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Names that are due now and wait for a worker."""
        now = self._clock()
        return sum(1 for name, due in self._due.items() if due <= now and name not in self._busy)

    def add(self, name: str, after_seconds: float = 0) -> None:
        """Have `name` worked on after a pause; the earlier of two wishes wins."""
        due = self._clock() + after_seconds
        known = self._due.get(name)
        if known is not None and known <= due:
            return
        self._due[name] = due
        heapq.heappush(self._heap, (due, name))
        self._changed.set()

    async def take(self) -> str:
        """The next name that is due; the caller reports `done`."""
        while True:
            wait = self._next_wait()
            if wait is None or wait > 0:
                self._changed.clear()
                await self._sleep(wait)
                continue
            due, name = heapq.heappop(self._heap)
            if self._due.get(name) != due or name in self._busy:
                continue  # an outdated entry; or added again while worked on, for which `done` makes a new entry
            del self._due[name]
            self._busy.add(name)
            return name

    def done(self, name: str) -> None:
        """The work on `name` has ended; what was added meanwhile becomes due."""
        self._busy.discard(name)
        if name in self._due:
            heapq.heappush(self._heap, (self._due[name], name))
            self._changed.set()

    def _next_wait(self) -> float | None:
        return self._heap[0][0] - self._clock() if self._heap else None

    async def _sleep(self, seconds: float | None) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return
