"""Whether this data plane can answer, and what each part's state is."""

import asyncio
import time
from collections.abc import Callable

from ringfence_dataplane.ports import DocumentStore, Unavailable, VectorStore
from ringfence_dataplane.tenancy import BoundTenant

PING_SECONDS = 2.0
KEPT_SECONDS = 1.0
"""Anybody may ask /ready; the store is not asked more often than this."""


class Readiness:
    """Ready while one leg of the search is there: pods that are not ready get no requests, and half an answer is
    better than none."""

    def __init__(
        self,
        tenant: BoundTenant,
        store: DocumentStore,
        vectors: VectorStore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._vectors = vectors
        self._clock = clock
        self._asked_at = float("-inf")
        self._store_state = ""
        self._lock = asyncio.Lock()

    async def __call__(self) -> tuple[bool, dict[str, str]]:
        """(ready, state of each part)."""
        async with self._lock:
            if self._clock() - self._asked_at > KEPT_SECONDS:
                self._store_state = await self._ping()
                self._asked_at = self._clock()
        loaded = self._vectors.generation > 0
        reachable = self._store_state == "ok"
        return reachable or loaded, {
            "binding": "ok",
            "documents": self._store_state if reachable else f"missing: {self._store_state}",
            "vectors": "ok" if loaded else "missing: no index is loaded yet",
        }

    async def _ping(self) -> str:
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self._store.ping(self._tenant)
        except Unavailable as error:
            return str(error)
        except TimeoutError:
            return f"no answer within {PING_SECONDS:.0f} s"
        return "ok"
