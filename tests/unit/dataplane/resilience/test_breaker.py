"""Circuit breaker."""

import asyncio

import pytest

from ringfence_dataplane.ports import Unavailable
from ringfence_dataplane.resilience.breaker import Breaker, State


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Events(list[tuple[str, State]]):
    def __call__(self, service: str, state: State) -> None:
        self.append((service, state))


async def good() -> str:
    return "ok"


async def bad() -> str:
    raise ConnectionError("refused")


async def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ConnectionError):
            await breaker.call(bad)


async def test_opens_after_the_given_failures_in_a_row_and_says_so() -> None:
    events = Events()
    breaker = Breaker("llm", 3, 60, events, clock=Time())
    await fail(breaker, 2)
    assert await breaker.call(good) == "ok"
    await fail(breaker, 2)
    assert events == []
    await fail(breaker, 1)
    assert breaker.state == "open"
    assert events == [("llm", "open")]
    with pytest.raises(Unavailable, match="llm is unavailable: it failed 3 times; next try in 60 s"):
        await breaker.call(good)


async def test_half_open_lets_exactly_one_of_many_callers_through() -> None:
    clock, events = Time(), Events()
    breaker = Breaker("redis", 1, 30, events, clock=clock)
    await fail(breaker, 1)
    clock.now = 30.0
    entered, gate = [], asyncio.Event()

    async def slow() -> None:
        entered.append(1)
        await gate.wait()

    async def caller() -> bool:
        try:
            await breaker.call(slow)
        except Unavailable:
            return False
        return True

    tasks = [asyncio.create_task(caller()) for _ in range(20)]
    await asyncio.sleep(0)
    gate.set()
    assert sum(await asyncio.gather(*tasks)) == 1
    assert len(entered) == 1
    assert [state for _, state in events] == ["open", "half_open", "closed"]


async def test_a_failed_probe_reopens_for_the_whole_time() -> None:
    clock = Time()
    breaker = Breaker("redis", 5, 30, clock=clock)
    await fail(breaker, 5)
    clock.now = 31.0
    await fail(breaker, 1)
    clock.now = 60.0
    with pytest.raises(Unavailable):
        await breaker.call(good)
    clock.now = 61.0
    assert await breaker.call(good) == "ok"
    assert breaker.state == "closed"


async def test_a_cancelled_probe_frees_the_place_for_another() -> None:
    clock = Time()
    breaker = Breaker("redis", 1, 30, clock=clock)
    await fail(breaker, 1)
    clock.now = 30.0
    probe = asyncio.create_task(breaker.call(asyncio.Event().wait))
    await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert breaker.state == "half_open"
    assert await breaker.call(good) == "ok"


async def test_news_from_before_the_change_is_not_counted() -> None:
    clock = Time()
    breaker = Breaker("redis", 1, 30, clock=clock)
    gate = asyncio.Event()

    async def slow() -> None:
        await gate.wait()

    old = asyncio.create_task(breaker.call(slow))
    await asyncio.sleep(0)
    await fail(breaker, 1)
    gate.set()
    await old
    assert breaker.state == "open"


async def test_errors_that_are_the_callers_fault_close_the_circuit_rather_than_open_it() -> None:
    breaker = Breaker("opensearch", 1, 30, counts=lambda error: isinstance(error, ConnectionError))

    async def malformed() -> None:
        raise ValueError("no such field")

    for _ in range(5):
        with pytest.raises(ValueError, match="no such field"):
            await breaker.call(malformed)
    assert breaker.state == "closed"
