"""Circuit breaker: a service that keeps failing is left alone for a while, then tried by one caller.

A data plane serves one tenant, so one breaker per service is also one per tenant.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal, TypeVar

from ringfence_dataplane.ports import Unavailable

State = Literal["closed", "open", "half_open"]
Listener = Callable[[str, State], None]
"""Told (service, new state) at every change."""

T = TypeVar("T")


def ignore(service: str, state: State) -> None:
    """Listen to nothing."""


def any_error(_: Exception) -> bool:
    """Count every exception as the service's failure."""
    return True


class Breaker:
    """Closed until `failures` calls in a row failed, then open for `reset_seconds`, then half-open.

    Half-open lets exactly one caller through; what becomes of its call closes or reopens the circuit. Calls that
    began before the last change of state are not counted: their news is old. A cancelled call says nothing about
    the service.
    """

    def __init__(
        self,
        service: str,
        failures: int,
        reset_seconds: float,
        on_event: Listener = ignore,
        *,
        counts: Callable[[Exception], bool] = any_error,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.service = service
        self.state: State = "closed"
        self._allowed = failures
        self._reset = reset_seconds
        self._on_event = on_event
        self._counts = counts
        self._clock = clock
        self._failed = 0
        self._opened_at = 0.0
        self._probing = False
        self._epoch = 0

    async def call(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Run `attempt` through the breaker.

        Raises:
            Unavailable: the circuit is open, or another caller is trying the service right now.
        """
        async with self.guard():
            return await attempt()

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """`async with breaker.guard():` around one call; raises as `call` does."""
        epoch = self._enter()
        try:
            yield
        except Exception as error:
            if self._counts(error):
                self._failure(epoch)
            else:  # the service answered; it only disliked the question
                self._success(epoch)
            raise
        except BaseException:
            if epoch == self._epoch:
                self._probing = False
            raise
        else:
            self._success(epoch)

    def _enter(self) -> int:
        if self.state == "open":
            left = self._opened_at + self._reset - self._clock()
            if left > 0:
                raise Unavailable(self.service, f"it failed {self._failed} times; next try in {left:.0f} s")
            self._become("half_open")
        if self.state == "half_open":
            if self._probing:
                raise Unavailable(self.service, "it is being tried after failures")
            self._probing = True
        return self._epoch

    def _success(self, epoch: int) -> None:
        if epoch != self._epoch:
            return
        self._failed = 0
        if self.state == "half_open":
            self._become("closed")

    def _failure(self, epoch: int) -> None:
        if epoch != self._epoch:
            return
        self._failed += 1
        if self.state == "half_open" or self._failed >= self._allowed:
            self._opened_at = self._clock()
            self._become("open")

    def _become(self, state: State) -> None:
        self.state = state
        self._epoch += 1
        self._probing = False
        self._on_event(self.service, state)


def for_llm(on_event: Listener = ignore, counts: Callable[[Exception], bool] = any_error) -> Breaker:
    """Language model: 5 failures, 60 s."""
    return Breaker("llm", 5, 60, on_event, counts=counts)


def for_opensearch(on_event: Listener = ignore, counts: Callable[[Exception], bool] = any_error) -> Breaker:
    """Lexical and document store: 10 failures, 30 s."""
    return Breaker("opensearch", 10, 30, on_event, counts=counts)


def for_vectors(on_event: Listener = ignore, counts: Callable[[Exception], bool] = any_error) -> Breaker:
    """Vector store and embeddings: 5 failures, 60 s."""
    return Breaker("vectors", 5, 60, on_event, counts=counts)


def for_redis(on_event: Listener = ignore, counts: Callable[[Exception], bool] = any_error) -> Breaker:
    """Cache: 3 failures, 30 s."""
    return Breaker("redis", 3, 30, on_event, counts=counts)
