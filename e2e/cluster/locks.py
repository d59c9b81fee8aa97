"""Locks between runs of the harness, freed by the kernel when their holder ends in whatever way."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.cluster.commands import until


@contextmanager
def exclusive(path: Path, *, what: str, timeout: float) -> Iterator[None]:
    """Hold the lock file `path`; raise `HarnessError` naming `what` another run does after `timeout` seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:

        def locked() -> bool:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        until(locked, what=f"the end of another run's {what}", timeout=timeout)
        yield
