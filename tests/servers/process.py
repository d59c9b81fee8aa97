"""A server process: started with a deadline, ended by its own process id, its log kept for the error message."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 30.0
POLL_SECONDS = 0.1
TAIL_CHARACTERS = 3000


class ServerFailed(RuntimeError):
    """A server ended early or was not ready in time; the message ends with the tail of its log."""


def free_port() -> int:
    """A TCP port of the loopback address that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def bound_to_parent(command: Sequence[str], user: str | None = None) -> list[str]:
    """`command`, killed by the kernel when its parent dies, and run as `user` where one is given."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(command)
    prefix = [setpriv, "--pdeathsig", "KILL"]
    if user is not None:
        prefix += ["--reuid", user, "--regid", user_group(user), "--clear-groups"]
    return [*prefix, "--", *command]


def user_group(user: str) -> str:
    import grp
    import pwd

    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name


class ServerProcess:
    """One server process. `start` and `stop` may alternate any number of times."""

    def __init__(
        self, name: str, command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = list(command)
        self._folder = folder
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], bool], seconds: float) -> None:
        """Start and poll `ready` until it says yes.

        :raises ServerFailed: the process ended, or `seconds` passed first. The process is gone then.
        """
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        atexit.register(self.stop)
        deadline = time.monotonic() + seconds
        while not ready():
            ended = self._process.poll()
            if ended is not None:
                self.stop()
                raise ServerFailed(f"{self.name} ended with status {ended}\n{self.tail()}")
            if time.monotonic() > deadline:
                self.stop()
                raise ServerFailed(f"{self.name} was not ready within {seconds:.0f} s\n{self.tail()}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End the process: politely, and after `STOP_SECONDS` for certain. Does nothing when it is not running."""
        process, self._process = self._process, None
        atexit.unregister(self.stop)
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)

    def tail(self) -> str:
        """The end of the log."""
        return self.log.read_text(errors="replace")[-TAIL_CHARACTERS:]
