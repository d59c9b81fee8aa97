"""Cache in process, for a laptop: bounded, with expiry, least recently used leaves first."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Self

from ringfence_api.binding import MemoryCacheBinding
from ringfence_dataplane.adapters.keys import full_key
from ringfence_dataplane.tenancy import BoundTenant

MAX_BYTES = 64 * 1024 * 1024
_ENTRY_BYTES = 200
"""What an entry costs beside its key and value, roughly; it bounds the number of empty ones."""


class MemoryCache:
    """Implements `ports.Cache`. Keys start with the tenant's prefix as they would in Redis."""

    def __init__(
        self, key_prefix: str, *, max_bytes: int = MAX_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._prefix = key_prefix
        self._max_bytes = max_bytes
        self._clock = clock
        self._values: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._bytes = 0

    @classmethod
    def from_binding(cls, binding: MemoryCacheBinding) -> Self:
        """Empty cache."""
        return cls(binding.key_prefix)

    async def get(self, tenant: BoundTenant, key: str) -> bytes | None:
        """The value, or None when it was never there, has expired or was pushed out."""
        full = self._full(tenant, key)
        found = self._values.get(full)
        if found is None:
            return None
        if found[1] <= self._clock():
            self._drop(full)
            return None
        self._values.move_to_end(full)
        return found[0]

    async def put(self, tenant: BoundTenant, key: str, value: bytes, ttl_seconds: int) -> None:
        """Keep a value for `ttl_seconds`; one that is larger than the whole cache is not kept."""
        self._store(self._full(tenant, key), value, self._clock() + ttl_seconds)

    async def increment(self, tenant: BoundTenant, key: str, ttl_seconds: int) -> int:
        """Add one to a counter that vanishes `ttl_seconds` after its first increment."""
        full = self._full(tenant, key)
        old = await self.get(tenant, key)
        expires = self._clock() + ttl_seconds if old is None else self._values[full][1]
        value = int(old or 0) + 1
        self._store(full, str(value).encode(), expires)
        return value

    async def close(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._bytes = 0

    def _full(self, tenant: BoundTenant, key: str) -> str:
        return full_key(self._prefix, tenant, key)

    def _store(self, full: str, value: bytes, expires: float) -> None:
        self._drop(full)
        self._values[full] = (value, expires)
        self._bytes += _size(full, value)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._values)))

    def _drop(self, full: str) -> None:
        old = self._values.pop(full, None)
        if old is not None:
            self._bytes -= _size(full, old[0])


def _size(full: str, value: bytes) -> int:
    return len(full) + len(value) + _ENTRY_BYTES
