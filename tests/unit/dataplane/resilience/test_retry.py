"""Retries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence_dataplane.resilience.retry import Clock, Retry, backoff, by_status, retry


class Steps:
    """A clock that only sleeping moves."""

    def __init__(self, chance: float = 0.0) -> None:
        self.waits: list[float] = []
        self.clock = Clock(now=lambda: sum(self.waits), sleep=self._sleep, chance=lambda: chance)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


class Flaky:
    def __init__(self, failures: int) -> None:
        self.calls = 0
        self.failures = failures

    async def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError(str(self.calls))
        return "ok"


def always(_: Exception) -> Retry:
    return Retry()


async def test_waits_half_a_second_then_twice_as_long_each_time() -> None:
    steps, flaky = Steps(), Flaky(4)
    assert await retry(flaky, always, deadline=1000, clock=steps.clock) == "ok"
    assert steps.waits == [0.5, 1, 2, 4]


async def test_gives_up_after_five_attempts_with_the_last_error() -> None:
    flaky = Flaky(9)
    with pytest.raises(ConnectionError, match="5"):
        await retry(flaky, always, deadline=1000, clock=Steps().clock)
    assert flaky.calls == 5


async def test_never_waits_past_the_deadline() -> None:
    steps, flaky = Steps(), Flaky(9)
    with pytest.raises(ConnectionError):
        await retry(flaky, always, deadline=2.0, clock=steps.clock)
    assert steps.waits == [0.5, 1]


async def test_an_error_that_another_try_cannot_cure_is_raised_at_once() -> None:
    flaky = Flaky(9)
    with pytest.raises(ConnectionError):
        await retry(flaky, lambda _: None, deadline=1000, clock=Steps().clock)
    assert flaky.calls == 1


async def test_obeys_retry_after() -> None:
    steps = Steps()
    await retry(Flaky(1), lambda _: by_status(429, "7"), deadline=1000, clock=steps.clock)
    assert steps.waits == [7]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 414, 422, 501, 504])
def test_a_refusal_is_never_retried(status: int) -> None:
    assert by_status(status) is None


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_passing_failure_is_retried(status: int) -> None:
    assert by_status(status, "Wed, 21 Oct 2026 07:28:00 GMT") == Retry()


@given(st.integers(1, 60), st.floats(0, 1))
def test_backoff_is_between_half_a_second_and_ten(failed: int, chance: float) -> None:
    assert 0.5 <= backoff(failed, chance) <= 10
