"""Retries with exponential backoff and jitter, inside a deadline."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

RETRYABLE_STATUS = frozenset({429, 500, 502, 503})
ATTEMPTS = 5
FIRST_WAIT_SECONDS = 0.5
MAX_WAIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Retry:
    """A verdict: worth another try, not sooner than `after_seconds` where the server named a time."""

    after_seconds: float = 0.0


Classify = Callable[[Exception], Retry | None]
"""What an error means: `Retry`, or None when trying again cannot help (4xx, an open breaker)."""


@dataclass(frozen=True)
class Clock:
    """Time and chance, so that tests need neither."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random  # not for secrets


REAL = Clock()


def backoff(failed: int, chance: float) -> float:
    """Seconds before the next try after `failed` failures: 0.5, 1, 2, 4 s plus up to as much again, at most 10."""
    step: float = FIRST_WAIT_SECONDS * 2 ** (failed - 1)
    return min(MAX_WAIT_SECONDS, step + chance * step)


def by_status(status: int, retry_after: str | None = None) -> Retry | None:
    """Verdict on an HTTP status; `retry_after` is the header's text (a date in it is ignored: backoff applies)."""
    if status not in RETRYABLE_STATUS:
        return None
    try:
        return Retry(max(0.0, float(retry_after or 0)))
    except ValueError:
        return Retry()


async def retry(
    attempt: Callable[[], Awaitable[T]],
    classify: Classify,
    deadline: float,
    clock: Clock = REAL,
    attempts: int = ATTEMPTS,
) -> T:
    """Call `attempt` until it succeeds, at most `attempts` times, and never wait past `deadline`.

    `deadline` is a time of `clock.now()` in seconds. The attempt bounds its own duration. The last error is raised
    as it is: a wait that would end after the deadline is not begun.
    """
    for failed in range(1, attempts + 1):
        try:
            return await attempt()
        except Exception as error:
            verdict = classify(error)
            if verdict is None or failed == attempts:
                raise
            wait = max(verdict.after_seconds, backoff(failed, clock.chance()))
            if clock.now() + wait >= deadline:
                raise
        await clock.sleep(wait)
    raise AssertionError("unreachable: the loop returns or raises")
