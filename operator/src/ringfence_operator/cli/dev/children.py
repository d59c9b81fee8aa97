"""Child processes of `ringfence dev`: each with a log file, none outliving the parent."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

STOP_SECONDS = 8.0
"""From SIGTERM to SIGKILL: a data plane drains its requests in that time."""
DEATH_SECONDS = 0.5
"""How long after a failed request a dying child is given to be noticed, so that it is named as the cause."""
TAIL_LINES = 15
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ChildDied(Exception):
    """A child process ended by itself; the message has the end of its log."""


@dataclass(frozen=True)
class Child:
    """A running program."""

    name: str
    log: Path
    process: asyncio.subprocess.Process

    def tail(self) -> str:
        """The last lines of the log, and where the rest is."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            lines = []
        return "\n".join([*(f"  {line}" for line in lines[-TAIL_LINES:]), f"The whole log: {self.log}"])

    async def ended(self) -> NoReturn:
        """Wait until the process is gone; for a child that should stay, that is an error."""
        status = await self.process.wait()
        raise ChildDied(f"{self.name} {_how_it_ended(status)}. Its last words:\n{self.tail()}")


class Children:
    """Starts programs and ends all of them on the way out.

    On Linux the kernel kills them as well if this process is killed without a chance to clean up.
    """

    def __init__(self, stop_seconds: float = STOP_SECONDS) -> None:
        self._stop_seconds = stop_seconds
        self._children: list[Child] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> Child:
        """Start a program; what it prints goes to `log`, which is begun anew.

        A session of its own keeps the terminal's Ctrl-C from it, so that it ends when we say so.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,
                preexec_fn=_die_with_parent(os.getpid()),
            )
        child = Child(name, log, process)
        self._children.append(child)
        return child

    async def run(self, name: str, command: Sequence[str], log: Path, seconds: float) -> None:
        """Run a program to its end.

        Raises:
            ChildDied: it failed, or took longer than `seconds`.
        """
        child = await self.start(name, command, log)
        try:
            async with asyncio.timeout(seconds):
                status = await child.process.wait()
        except TimeoutError:
            raise ChildDied(f"{name} took longer than {seconds:.0f} s. Its last words:\n{child.tail()}") from None
        if status:
            raise ChildDied(f"{name} {_how_it_ended(status)}. Its last words:\n{child.tail()}")
        self._children.remove(child)

    async def while_alive(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, but stop as soon as a child dies: what fails after that is only a consequence.

        Raises:
            ChildDied: a child did.
        """
        doing = asyncio.create_task(work)
        watching = asyncio.create_task(self.watch())
        try:
            await asyncio.wait({doing, watching}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done() and doing.exception():
                await asyncio.wait({watching}, timeout=DEATH_SECONDS)
            if watching.done():
                watching.result()
            doing.result()
        finally:
            await cancelled(doing)
            await cancelled(watching)

    async def watch(self) -> NoReturn:
        """Return never; raise when the first child ends.

        Raises:
            ChildDied: with the end of its log.
        """
        watching = [asyncio.create_task(child.ended()) for child in self._children]
        try:
            await asyncio.gather(*watching)
        finally:
            for task in watching:
                await cancelled(task)
        raise ChildDied("there was nothing to watch")

    async def stop(self) -> None:
        """End every child: politely first, then for certain."""
        for child in self._children:
            _signal(child, signal.SIGTERM)
        waiting = [asyncio.create_task(child.process.wait()) for child in self._children]
        if waiting:
            _, left = await asyncio.wait(waiting, timeout=self._stop_seconds)
            if left:
                for child in self._children:
                    _signal(child, signal.SIGKILL)
                await asyncio.wait(left, timeout=STOP_SECONDS)
        self._children.clear()


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has cleaned up; a task that is done stays as it is."""
    task.cancel()
    await asyncio.wait({task})


def _how_it_ended(status: int) -> str:
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


def _signal(child: Child, number: signal.Signals) -> None:
    """Signal the child's whole session, if the child is still there."""
    if child.process.returncode is None:
        try:
            os.killpg(child.process.pid, number)
        except ProcessLookupError:
            return


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    """What the child does before it becomes the program: ask the kernel to end it with its parent (Linux)."""
    if _libc is None:
        return None

    def ask() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died between fork and here
            os._exit(1)

    return ask
