"""The cluster's own processes: started apart from their starter, recorded on disk, ended by the exact process.

A record names the boot and the start time besides the process id, so that neither a recycled id nor a restart of the
machine leads to another program being signalled.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from e2e.cluster.commands import environment_with
from e2e.cluster.errors import HarnessError

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Record:
    """One process: `started` is its start time in clock ticks since boot, `boot` that boot's identity."""

    name: str
    pid: int
    started: int
    boot: str

    def is_alive(self) -> bool:
        """Whether this very process runs."""
        return self.boot == boot_id() and start_time(self.pid) == self.started

    def to_json(self) -> str:
        """The record as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Record | None:
        """The record in `text`; None for a file cut short by a crash."""
        try:
            fields = json.loads(text)
            return cls(str(fields["name"]), int(fields["pid"]), int(fields["started"]), str(fields["boot"]))
        except (ValueError, KeyError, TypeError):
            return None


def boot_id() -> str:
    """The identity of the machine's current boot."""
    return _BOOT_ID.read_text().strip()


def start_time(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None when there is none, or only its zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return parse_start_time(status)


def parse_start_time(status: str) -> int | None:
    """Field 22 of a line of /proc/PID/stat, whose second field may hold spaces and parentheses; None for a zombie."""
    fields = status.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])


class Processes:
    """The processes recorded in the folder `records`, each writing its log to a file in `logs`."""

    def __init__(self, records: Path, logs: Path) -> None:
        self._records = records
        self._logs = logs

    def start(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Start `command` as `name` unless it already runs."""
        known = self.find(name)
        if known is not None and known.is_alive():
            return
        self._records.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                env=environment_with(environment),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started = start_time(process.pid)
        if started is None:
            raise HarnessError(f"{name} ended at once: see {self.log(name)}")
        # The harness outlives neither the process nor its exit status; a finished child must not warn at its end.
        process.returncode = 0
        record = Record(name, process.pid, started, boot_id())
        temporary = self._records / f".{name}"
        temporary.write_text(record.to_json())
        temporary.rename(self._records / f"{name}.json")

    def log(self, name: str) -> Path:
        """The log file of the process called `name`."""
        return self._logs / f"{name}.log"

    def find(self, name: str) -> Record | None:
        """The record of the process called `name`."""
        try:
            return Record.from_json((self._records / f"{name}.json").read_text())
        except FileNotFoundError:
            return None

    def check(self, name: str) -> None:
        """Raise `HarnessError` with the end of its log when the process called `name` has ended."""
        record = self.find(name)
        if record is None or not record.is_alive():
            raise HarnessError(f"{name} has ended; the end of {self.log(name)}:\n{tail(self.log(name))}")

    def all(self) -> list[Record]:
        """Every record, sorted by name."""
        if not self._records.is_dir():
            return []
        read = (Record.from_json(path.read_text()) for path in sorted(self._records.glob("*.json")))
        return [record for record in read if record is not None]

    def stop(self, name: str, *, grace: float = 10) -> None:
        """End the process called `name`: asked first, forced after `grace` seconds. Forget its record."""
        record = self.find(name)
        if record is not None:
            end(record, grace=grace)
        (self._records / f"{name}.json").unlink(missing_ok=True)


def end(record: Record, *, grace: float) -> None:
    """End exactly the recorded process, if it still runs."""
    try:
        descriptor = os.pidfd_open(record.pid)
    except ProcessLookupError:
        return
    try:
        # Checked after the descriptor is open: from here on the id can't pass to another process unnoticed.
        if not record.is_alive():
            return
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
            signal.pidfd_send_signal(descriptor, number)
            if _ended(descriptor, patience):
                _reap(record.pid)
                return
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)
    raise HarnessError(f"{record.name} (process {record.pid}) does not end, even when killed")


def _ended(descriptor: int, patience: float) -> bool:
    return bool(select.select([descriptor], [], [], patience)[0])


def _reap(pid: int) -> None:
    """Collect the process if it is a child of this one, so that no zombie stays."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        try:
            if os.waitpid(pid, os.WNOHANG) != (0, 0):
                return
        except ChildProcessError:
            return
        time.sleep(0.01)


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log file, each cut at 400 characters."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 65536))
            text = log.read().decode(errors="replace")
    except FileNotFoundError:
        return "(no log)"
    return "\n".join(line[:400] for line in text.splitlines()[-lines:])
