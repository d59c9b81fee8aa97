"""Mounts of this machine, read from the kernel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.commands import run

_MOUNTINFO = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Mount:
    """One mount: where, and of which type of file system."""

    target: Path
    kind: str
    options: frozenset[str]


def mounts() -> list[Mount]:
    """Every mount, in the order in which they were made."""
    return parse_mountinfo(_MOUNTINFO.read_text())


def parse_mountinfo(text: str) -> list[Mount]:
    """The mounts in the text of a /proc/PID/mountinfo."""
    found = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, super_options = after.split(" ", 2)
        found.append(Mount(Path(_unescaped(before.split(" ")[4])), kind, frozenset(super_options.split(","))))
    return found


def mount(kind: str, target: Path) -> None:
    """Mount a file system without a device at `target`, unless one of this kind is there already."""
    if not any(one.target == target and one.kind == kind for one in mounts()):
        target.mkdir(parents=True, exist_ok=True)
        run(["mount", "-t", kind, "none", target], timeout=30)


def unmount_below(folder: Path) -> None:
    """Unmount everything at or below `folder`, the newest first."""
    for one in reversed(mounts()):
        if one.target == folder or folder in one.target.parents:
            # Lazily: a file that a dying process still holds open must not keep the mount visible.
            run(["umount", "--lazy", one.target], timeout=30)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), text)
