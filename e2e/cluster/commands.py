"""Run a program with a deadline, and say plainly what went wrong when it fails."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from e2e.cluster.errors import HarnessError

T = TypeVar("T")

_SHOWN_LINES = 12


def run(
    command: Sequence[str | Path],
    *,
    timeout: float,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> str:
    """The standard output of `command`.

    `environment` is added to this process's own; `timeout` is in seconds. Raises `HarnessError` with the last lines
    of its output when it fails, is missing, or takes longer.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            input=stdin,
            env=environment_with(environment),
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
    except FileNotFoundError as error:
        raise HarnessError(f"`{words[0]}` is not installed: run `make provision`") from error
    except subprocess.TimeoutExpired as error:
        raise HarnessError(f"`{shown(words)}` took longer than {timeout:.0f} s") from error
    if done.returncode != 0:
        said = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-_SHOWN_LINES:])
        raise HarnessError(f"`{shown(words)}` failed with status {done.returncode}: {said}")
    return done.stdout


def environment_with(additions: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with `additions`, and with the administrator's programs on PATH."""
    path = os.environ.get("PATH", "")
    return {**os.environ, "PATH": f"{path}:/usr/local/sbin:/usr/sbin:/sbin", **(additions or {})}


def succeeds(command: Sequence[str | Path], *, timeout: float) -> bool:
    """Whether `command` ends with status 0 within `timeout` seconds."""
    try:
        run(command, timeout=timeout)
    except HarnessError:
        return False
    return True


def until(probe: Callable[[], T | None], *, what: str, timeout: float, pause: float = 0.2) -> T:
    """The first result of `probe` that is neither None nor False, asked every `pause` seconds.

    Raises `HarnessError` naming `what` after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        result = probe()
        if result is not None and result is not False:
            return result
        if time.monotonic() > deadline:
            raise HarnessError(f"{what} did not happen within {timeout:.0f} s")
        time.sleep(pause)


def shown(words: Sequence[str]) -> str:
    """A command as one short line."""
    line = " ".join(words)
    return line if len(line) <= 160 else line[:157] + "…"
