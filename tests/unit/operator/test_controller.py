"""The controller: one broken tenant slows no other, failures are retried with a growing pause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ringfence_operator.backends.errors import TryLater
from ringfence_operator.reconcile.controller import Controller, Pace
from ringfence_operator.reconcile.metrics import Metrics
from ringfence_operator.reconcile.queue import WorkQueue
from ringfence_operator.reconcile.results import Pass, State

Reconcile = Callable[[str], Awaitable[Pass]]


class Recorded(WorkQueue):
    """A queue that also notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def add(self, name: str, after_seconds: float = 0) -> None:
        self.pauses.append(after_seconds)
        super().add(name, 0 if len(self.pauses) < 6 else 3600)


async def pauses(reconcile: Reconcile, pace: Pace | None = None) -> list[float]:
    """The pauses that a controller makes after passes with that result."""
    queue = Recorded()
    controller = Controller(queue, reconcile, Metrics(), workers=1, pace=pace or Pace(jitter=0))
    running = asyncio.create_task(controller.run())
    queue.add("acme")
    try:
        async with asyncio.timeout(5):
            while len(queue.pauses) < 6:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
    return queue.pauses[1:]


def always(result: Pass) -> Reconcile:
    async def reconcile(_: str) -> Pass:
        return result

    return reconcile


async def test_a_steady_tenant_is_looked_at_again_in_time_to_repair_drift_within_30_s() -> None:
    assert set(await pauses(always(Pass(State.READY)))) == {24}
    assert Pace().drift * (1 + Pace().jitter) < 30


async def test_pauses_after_failures_double_up_to_a_limit() -> None:
    assert await pauses(always(Pass(State.FAILED)), Pace(failing_max=6)) == [1, 2, 4, 6, 6]


async def test_what_starts_is_looked_at_often() -> None:
    assert await pauses(always(Pass(State.WAITING))) == [1, 2, 4, 4, 4]


async def test_a_tenant_that_waits_for_hours_does_not_end_the_operator() -> None:
    passes = 0

    async def waiting(_: str) -> Pass:
        nonlocal passes
        passes += 1
        if passes == 1100:
            await asyncio.sleep(3600)
        return Pass(State.WAITING)

    queue = WorkQueue()
    running = asyncio.create_task(Controller(queue, waiting, Metrics(), workers=1, pace=Pace(waiting_max=0)).run())
    queue.add("acme")
    await asyncio.wait([running], timeout=0.1)

    assert passes == 1100
    assert not running.done()
    running.cancel()


async def test_a_server_that_asks_for_a_pause_gets_it() -> None:
    assert (await pauses(always(Pass(State.FAILED, after_seconds=17))))[0] == 17


async def test_no_server_can_put_a_tenant_off_for_ever() -> None:
    assert (await pauses(always(Pass(State.FAILED, after_seconds=10.0**9))))[0] == Pace().asked_max


async def test_an_error_that_nobody_foresaw_counts_as_a_failure_and_does_not_end_the_operator() -> None:
    async def broken(_: str) -> Pass:
        raise RuntimeError("password=hunter2")

    assert (await pauses(broken))[:2] == [1, 2]


async def test_a_pass_that_hangs_is_cut() -> None:
    async def hanging(_: str) -> Pass:
        await asyncio.sleep(3600)
        raise AssertionError

    assert (await pauses(hanging, Pace(pass_max=0.01)))[0] == 1


async def test_an_unforeseen_error_shows_neither_its_text_nor_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    async def broken(_: str) -> Pass:
        raise RuntimeError("password=hunter2")

    await pauses(broken)

    out = capsys.readouterr().out
    assert "RuntimeError" in out
    assert "hunter2" not in out


async def test_one_tenant_that_hangs_slows_no_other() -> None:
    done: list[str] = []

    async def reconcile(name: str) -> Pass:
        if name == "stuck":
            await asyncio.sleep(3600)
        done.append(name)
        return Pass(State.READY)

    queue = WorkQueue()
    running = asyncio.create_task(Controller(queue, reconcile, Metrics(), workers=2).run())
    queue.add("stuck")
    for number in range(20):
        queue.add(f"tenant-{number}")
    try:
        async with asyncio.timeout(5):
            while len(done) < 20:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()


async def test_failures_are_counted_by_reason() -> None:
    async def unavailable(_: str) -> Pass:
        raise TryLater("KubernetesUnavailable", "away")

    metrics = Metrics()
    queue = WorkQueue()
    running = asyncio.create_task(Controller(queue, unavailable, metrics, workers=1).run())
    queue.add("acme")
    await asyncio.sleep(0.1)
    running.cancel()

    labels = {"reason": "KubernetesUnavailable"}
    assert metrics.registry.get_sample_value("ringfence_reconcile_failures_total", labels) == 1
    assert metrics.registry.get_sample_value("ringfence_tenants", {"state": "failed"}) == 1
