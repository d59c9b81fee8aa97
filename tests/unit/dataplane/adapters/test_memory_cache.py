"""The laptop's cache."""

import pytest

from ringfence_dataplane.adapters.memory_cache import MemoryCache
from tests.unit.dataplane.sample import caller


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_value_is_kept_for_its_time_and_no_longer() -> None:
    clock = Time()
    cache = MemoryCache("acme:", clock=clock)
    await cache.put(caller(), "query:1", b"value", 60)
    clock.now = 59.9
    assert await cache.get(caller(), "query:1") == b"value"
    clock.now = 60
    assert await cache.get(caller(), "query:1") is None


async def test_a_counter_vanishes_after_its_first_increments_time() -> None:
    clock = Time()
    cache = MemoryCache("acme:", clock=clock)
    assert await cache.increment(caller(), "requests", 60) == 1
    clock.now = 59
    assert await cache.increment(caller(), "requests", 60) == 2
    clock.now = 61
    assert await cache.increment(caller(), "requests", 60) == 1


async def test_memory_is_bounded_and_the_least_recently_used_leaves_first() -> None:
    cache = MemoryCache("acme:", max_bytes=3000)
    for name in ("a", "b"):
        await cache.put(caller(), name, bytes(1000), 60)
    await cache.get(caller(), "a")
    await cache.put(caller(), "c", bytes(1000), 60)
    found = [name for name in "abc" if await cache.get(caller(), name) is not None]
    assert found == ["a", "c"]
    await cache.put(caller(), "huge", bytes(5000), 60)
    assert await cache.get(caller(), "huge") is None


async def test_overwriting_a_value_does_not_count_it_twice() -> None:
    cache = MemoryCache("acme:", max_bytes=3000)
    for _ in range(100):
        await cache.put(caller(), "a", bytes(1000), 60)
    await cache.put(caller(), "b", bytes(1000), 60)
    assert await cache.get(caller(), "a") is not None


async def test_another_tenants_caller_is_refused() -> None:
    cache = MemoryCache("acme:")
    with pytest.raises(PermissionError):
        await cache.get(caller("globex"), "query:1")
