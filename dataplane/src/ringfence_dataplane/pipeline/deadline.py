"""One deadline for a whole request."""

import time
from collections.abc import Callable


class Deadline:
    """Counts down from the moment it is made."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._ends = self._started + seconds

    @property
    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._ends - self._clock())

    @property
    def spent_ms(self) -> float:
        """Milliseconds since the start."""
        return round((self._clock() - self._started) * 1000, 1)
