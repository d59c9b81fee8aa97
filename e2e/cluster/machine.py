"""What the machine was like before the cluster, written down first and put back last."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from e2e.cluster import firewall
from e2e.cluster.network import kernel_settings, restore_kernel_settings
from e2e.cluster.paths import Layout
from e2e.cluster.processes import boot_id

_SHARED_FOLDERS = (
    Path("/var/run/cilium"),
    Path("/var/lib/cni/results"),
    Path("/var/lib/cni"),
    Path("/var/log/containers"),
    Path("/run/containerd/s"),
    Path("/run/containerd"),
    Path("/run/xtables.lock"),
)
"""Fixed places that parts of the cluster write to, whatever they are told."""


@dataclass(frozen=True)
class Machine:
    """A snapshot; `boot` tells to which boot its kernel settings and tables belong."""

    boot: str
    kernel: dict[str, str] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    @classmethod
    def now(cls) -> Machine:
        """The machine as it is."""
        present = [str(folder) for folder in _SHARED_FOLDERS if folder.exists()]
        return cls(boot_id(), kernel_settings(), firewall.tables(), present)

    def write(self, layout: Layout) -> None:
        """Write the snapshot down, whole or not at all."""
        layout.root.mkdir(parents=True, exist_ok=True)
        temporary = layout.machine.with_suffix(".new")
        temporary.write_text(json.dumps(self.__dict__))
        temporary.rename(layout.machine)

    @classmethod
    def read(cls, layout: Layout) -> Machine | None:
        """The snapshot written before the cluster was made; None when there was no cluster."""
        try:
            return cls(**json.loads(layout.machine.read_text()))
        except FileNotFoundError:
            return None

    def restore(self) -> None:
        """Put back what the cluster changed; a restart of the machine has done most of it."""
        same_boot = self.boot == boot_id()
        firewall.remove_cluster_rules(self.tables if same_boot else {})
        if same_boot:
            restore_kernel_settings(self.kernel)
        for folder in _SHARED_FOLDERS:
            if str(folder) not in self.folders:
                _remove_if_empty(folder)


def _remove_if_empty(path: Path) -> None:
    try:
        if path.is_dir():
            path.rmdir()
        elif path.is_file() and path.stat().st_size == 0:
            path.unlink()
    except OSError:
        return  # someone else uses it by now
