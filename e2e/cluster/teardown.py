"""End the cluster, whatever state it is in: no process, mount, interface, rule, control group or file stays behind."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from e2e.cluster import firewall
from e2e.cluster.addresses import NODE_INTERFACE
from e2e.cluster.cgroups import pod_groups, remove_pod_groups
from e2e.cluster.cilium import RUN_FOLDER
from e2e.cluster.commands import run, succeeds, until
from e2e.cluster.machine import Machine
from e2e.cluster.mounts import mounts, unmount_below
from e2e.cluster.paths import Layout
from e2e.cluster.processes import Processes, Record, boot_id, end, start_time

_PROC = Path("/proc")
_CNI_RESULTS = Path("/var/lib/cni/results")
_CONTAINER_LOGS = Path("/var/log/containers")
_SHIM_SOCKETS = Path("/run/containerd/s")
_NETWORK_CLASS = Path("/sys/class/net")

# Those that would start something again go first, and the runtime only after the pods' processes are dead.
_FIRST = ("kubelet", "kube-controller-manager", "kube-scheduler", "local-path-provisioner", "metrics-server")
_THEN = ("containerd", "cilium-agent", "cilium-operator", "kube-proxy", "kube-apiserver", "etcd")
_GRACE_SECONDS = 3.0
_INTERFACES = ("cilium_host", NODE_INTERFACE)
_CILIUM_ROUTES = ("2004", "2005")
_KEPT = ("logs", "logs.previous")


def tear_down(layout: Layout) -> None:
    """End everything that belongs to the cluster in `layout`; its logs are kept."""
    processes = Processes(layout.records, layout.logs)
    machine = Machine.read(layout)
    for name in _FIRST:
        processes.stop(name, grace=_GRACE_SECONDS)
    remove_pod_groups()
    others = [record.name for record in processes.all() if record.name not in _THEN]
    for name in (*_THEN, *others):
        processes.stop(name, grace=_GRACE_SECONDS)
    for stray in _strays(layout):
        end(stray, grace=_GRACE_SECONDS)
    unmount_below(layout.root)
    if machine is not None:
        # Without its note, nothing on this machine is known to be the cluster's.
        _remove_interfaces()
        _remove_routes()
        _remove_traces(layout)
        machine.restore()
    _remove_state(layout)


def leftovers(layout: Layout) -> list[str]:
    """What of the cluster is still on this machine, each in a few words; nothing after `tear_down`."""
    processes = Processes(layout.records, layout.logs).all()
    found = [f"process {record.name}" for record in (*processes, *_strays(layout)) if record.is_alive()]
    found += [f"mount {one.target}" for one in mounts() if layout.root in one.target.parents]
    found += [f"control group {group}" for group in pod_groups()]
    found += [f"interface {name}" for name in (*_INTERFACES, *_pod_interfaces()) if (_NETWORK_CLASS / name).exists()]
    rules = run(["ip", "-4", "rule", "show"], timeout=30)
    found += [f"routing rule for table {table}" for table in _CILIUM_ROUTES if f"lookup {table}" in rules]
    if firewall.has_cluster_rules():
        found.append("packet filter chains KUBE-… or CILIUM_…")
    return found


def _strays(layout: Layout) -> list[Record]:
    """Parts of this cluster without a record: containers' shims, and what a killed harness had just started."""
    found = []
    for folder in _PROC.iterdir():
        if not folder.name.isdigit():
            continue
        pid = int(folder.name)
        try:
            command = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        name, started = part_name(command, layout.root), start_time(pid)
        if name and started is not None:
            found.append(Record(name, pid, started, boot_id()))
    return found


def part_name(command: bytes, root: Path) -> str | None:
    """Which part of the cluster in `root` a process is, going by its NUL-separated command line; None for any other."""
    program, _, arguments = command.partition(b"\0")
    name = program.rpartition(b"/")[2].decode(errors="replace")
    # kubectl and helm name the same folder, but are other people's.
    is_part = name in (*_FIRST, *_THEN) or name.startswith("containerd-shim")
    return name if is_part and f"{root}/".encode() in arguments else None


def _remove_interfaces() -> None:
    # A pod's interface goes with its network namespace, but a connection that its peer never closed holds that for
    # minutes after the last process has gone.
    for name in (*_INTERFACES, *_pod_interfaces()):
        if (_NETWORK_CLASS / name).exists():
            _delete_interface(name)


def _delete_interface(name: str) -> None:
    if not succeeds(["ip", "link", "delete", name], timeout=30):  # it may be on its way out by itself
        until(lambda: not (_NETWORK_CLASS / name).exists(), what=f"the end of {name}", timeout=30)


def _pod_interfaces() -> list[str]:
    return [path.name for path in _NETWORK_CLASS.iterdir() if re.fullmatch(r"lxc[0-9a-f]{12}", path.name)]


def _remove_routes() -> None:
    rules = run(["ip", "-4", "rule", "show"], timeout=30)
    for table in _CILIUM_ROUTES:
        for _ in re.findall(rf"lookup {table}\b", rules):
            run(["ip", "-4", "rule", "delete", "lookup", table], timeout=30)


def _remove_traces(layout: Layout) -> None:
    """Remove what the parts write at fixed places, as far as it is this cluster's."""
    shutil.rmtree(RUN_FOLDER, ignore_errors=True)
    for result in _CNI_RESULTS.glob("*"):
        if str(layout.root).encode() in result.read_bytes():
            result.unlink(missing_ok=True)
    for link in _CONTAINER_LOGS.glob("*.log"):
        if link.is_symlink() and link.readlink().is_relative_to(layout.logs):
            link.unlink()
    listening = (_PROC / "net" / "unix").read_text()
    for socket in _SHIM_SOCKETS.glob("*"):
        if str(socket) not in listening:
            socket.unlink(missing_ok=True)


def _remove_state(layout: Layout) -> None:
    """Remove the cluster's files, the note on the machine last: without it, nobody would know to clean up."""
    if not layout.root.is_dir():
        return
    for path in layout.root.iterdir():
        if path.name in _KEPT or path == layout.machine:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    layout.machine.unlink(missing_ok=True)
