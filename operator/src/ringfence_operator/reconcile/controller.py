"""Work through the queue: which Tenant is looked at when, and how often after a failure."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

import structlog

from ringfence_operator.backends.errors import ReconcileError
from ringfence_operator.reconcile.metrics import Metrics
from ringfence_operator.reconcile.queue import WorkQueue
from ringfence_operator.reconcile.results import Pass, State

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds."""

    drift: float = 24
    """Between looks at a steady tenant: with jitter still below the 30 s in which drift is to be repaired."""
    jitter: float = 0.2
    """Share by which that varies, so that tenants applied together drift apart."""
    waiting_max: float = 4
    """Longest pause while pods start or a namespace goes: what people wait for."""
    failing_max: float = 30
    """Longest pause after failures. The first one is 1 s and each further one doubles it."""
    asked_max: float = 300
    """Longest pause that a server gets when it asks for one: a Tenant is not to be forgotten."""
    pass_max: float = 120
    """Deadline of one pass; every request in it has its own, shorter one."""


class Controller:
    """Runs passes, several tenants at a time."""

    def __init__(
        self,
        queue: WorkQueue,
        reconcile: Callable[[str], Awaitable[Pass]],
        metrics: Metrics,
        *,
        workers: int = 16,
        pace: Pace | None = None,
    ) -> None:
        self.queue = queue
        self._reconcile = reconcile
        self._metrics = metrics
        self._workers = workers
        self._pace = pace or Pace()
        self._attempts: dict[str, int] = {}
        self.started = asyncio.Event()
        self.heartbeat = monotonic()
        """When a worker last came round; read by the liveness probe."""

    async def run(self) -> None:
        """Work until cancelled. An error that no pass should raise is logged and counts as a failed pass."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat())
            for _ in range(self._workers):
                group.create_task(self._work())
            self.started.set()

    async def _beat(self) -> None:
        while True:
            self.heartbeat = monotonic()
            self._metrics.queue_depth.set(len(self.queue))
            await asyncio.sleep(1)

    async def _work(self) -> None:
        while True:
            name = await self.queue.take()
            try:
                result = await self._one(name)
            finally:
                self.queue.done(name)
            self._plan_next(name, result)

    async def _one(self, name: str) -> Pass:
        started = monotonic()
        try:
            async with asyncio.timeout(self._pace.pass_max):
                result = await self._reconcile(name)
        except ReconcileError as error:
            log.warning("pass failed", tenant=name, reason=error.reason, message=error.message)
            result = Pass(State.FAILED, error.reason)
        except TimeoutError:
            log.warning("pass took too long", tenant=name, seconds=self._pace.pass_max)
            result = Pass(State.FAILED, "TooSlow")
        except Exception as error:
            # The text of an unforeseen error may hold anything, a credential included: only its kind is logged.
            log.error("pass failed unexpectedly", tenant=name, error=type(error).__name__, where=_where(error))
            result = Pass(State.FAILED, "InternalError")
        self._metrics.record(name, result, monotonic() - started)
        return result

    def _plan_next(self, name: str, result: Pass) -> None:
        if result.state is None:
            self._attempts.pop(name, None)
            return
        if result.state in (State.READY, State.STALLED):
            self._attempts.pop(name, None)
            spread = self._pace.jitter * (2 * random.random() - 1)  # noqa: S311 - spreads load, keeps no secret
            self.queue.add(name, self._pace.drift * (1 + spread))
            return
        attempt = self._attempts[name] = self._attempts.get(name, 0) + 1
        longest = self._pace.waiting_max if result.state is State.WAITING else self._pace.failing_max
        pause = min(longest, 2.0 ** min(attempt - 1, 30))  # a larger power would in the end be no number any more
        self.queue.add(name, max(pause, min(result.after_seconds or 0, self._pace.asked_max)))


def _where(error: BaseException) -> str:
    """File and line at which an error arose."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else ""
