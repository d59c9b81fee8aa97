"""The control group that holds the cluster's pods, in every hierarchy that the kernel has."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from e2e.cluster.commands import until
from e2e.cluster.errors import HarnessError
from e2e.cluster.mounts import mount, mounts
from e2e.cluster.paths import Layout

POD_GROUP = "/ringfence"
"""The kubelet's cgroup root: whatever runs below it is a pod's."""


def create_pod_groups() -> None:
    """Make the group in every hierarchy, ready to hold processes."""
    for hierarchy in _hierarchies():
        group = hierarchy / POD_GROUP.lstrip("/")
        group.mkdir(exist_ok=True)
        _inherit_cpuset(hierarchy, group)
        _delegate(hierarchy)
        _delegate(group)


def unified_hierarchy(layout: Layout) -> Path:
    """Where the cgroup v2 hierarchy is mounted; it is mounted in the cluster's own folder if nowhere else."""
    for one in mounts():
        if one.kind == "cgroup2":
            return one.target
    mount("cgroup2", layout.cgroup2)
    return layout.cgroup2


def pod_groups() -> list[Path]:
    """The groups of this cluster that exist, one in each hierarchy."""
    return [group for hierarchy in _hierarchies() if (group := hierarchy / POD_GROUP.lstrip("/")).is_dir()]


def remove_pod_groups() -> None:
    """Kill whatever runs in the cluster's pods and remove their groups."""
    groups = pod_groups()
    if groups:
        until(lambda: not _kill(groups), what="the end of the pods' processes", timeout=30)
    for group in groups:
        _remove(group)


def _hierarchies() -> list[Path]:
    return [one.target for one in mounts() if one.kind in ("cgroup", "cgroup2")]


def _inherit_cpuset(hierarchy: Path, group: Path) -> None:
    for name in ("cpuset.cpus", "cpuset.mems"):
        # A version 1 group starts with none, and then no process can enter it.
        if (hierarchy / name).is_file() and not (group / name).read_text().strip():
            (group / name).write_text((hierarchy / name).read_text())


def _delegate(group: Path) -> None:
    available = group / "cgroup.controllers"
    if available.is_file():
        for controller in available.read_text().split():
            # A controller that can't be passed on here can't be used by pods either; the kubelet says which it needs.
            with contextlib.suppress(OSError):
                (group / "cgroup.subtree_control").write_text(f"+{controller}")


def _kill(groups: list[Path]) -> bool:
    """Kill every process in the groups; whether there was one."""
    found = False
    for group in groups:
        # os.walk, unlike rglob, shrugs at a group that the container runtime removes meanwhile.
        for folder, _, _ in os.walk(group):
            for pid in _pids(Path(folder) / "cgroup.procs"):
                found = True
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
    return found


def _pids(tasks: Path) -> list[int]:
    try:
        return [int(pid) for pid in tasks.read_text().split()]
    except OSError:
        return []


def _remove(group: Path) -> None:
    deadline = time.monotonic() + 10
    while group.is_dir():
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                continue  # still emptying; the next round gets it
        if not group.is_dir():
            return
        if time.monotonic() > deadline:
            raise HarnessError(f"the control group {group} can't be removed: a process is still in it")
        time.sleep(0.1)
