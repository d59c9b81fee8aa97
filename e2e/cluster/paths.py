"""Where the test cluster keeps what it builds (the cache, kept for later runs) and what it runs (the state)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


def cache_dir() -> Path:
    """`$XDG_CACHE_HOME/ringfence`: everything provisioned, in folders named by version."""
    return _xdg("XDG_CACHE_HOME", ".cache") / "ringfence"


def state_dir() -> Path:
    """`$XDG_STATE_HOME/ringfence/cluster`: everything that belongs to the running cluster, and its logs."""
    return _xdg("XDG_STATE_HOME", ".local/state") / "ringfence" / "cluster"


def _xdg(variable: str, default: str) -> Path:
    configured = os.environ.get(variable, "")
    # The specification says that a relative path must be ignored.
    return Path(configured) if configured.startswith("/") else Path.home() / default


@dataclass(frozen=True)
class Layout:
    """The files of one cluster, all below `root`."""

    root: Path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.root / "kubeconfig"

    @property
    def pki(self) -> Path:
        """Certificates, keys and the kubeconfigs of the cluster's own parts."""
        return self.root / "pki"

    @property
    def config(self) -> Path:
        """Generated configuration files."""
        return self.root / "config"

    @property
    def logs(self) -> Path:
        """One file for each process, the API server's audit log, and the pods' logs."""
        return self.root / "logs"

    @property
    def previous_logs(self) -> Path:
        """The logs of the cluster before this one."""
        return self.root / "logs.previous"

    @property
    def records(self) -> Path:
        """One file for each process that the harness started."""
        return self.root / "processes"

    @property
    def etcd(self) -> Path:
        """The database."""
        return self.root / "etcd"

    @property
    def containerd(self) -> Path:
        """Root, state and socket of the container runtime."""
        return self.root / "containerd"

    @property
    def containerd_socket(self) -> Path:
        """The container runtime's socket."""
        return self.containerd / "containerd.sock"

    @property
    def kubelet(self) -> Path:
        """The kubelet's root directory."""
        return self.root / "kubelet"

    @property
    def cni_config(self) -> Path:
        """Network configuration; holds Cilium's file and no other."""
        return self.root / "cni" / "net.d"

    @property
    def cni_plugins(self) -> Path:
        """Network plugins."""
        return self.root / "cni" / "bin"

    @property
    def cilium(self) -> Path:
        """Cilium's BPF sources and compiled programs."""
        return self.root / "cilium"

    @property
    def bpffs(self) -> Path:
        """A BPF file system of the cluster's own: pinned maps vanish when it is unmounted."""
        return self.root / "bpffs"

    @property
    def cgroup2(self) -> Path:
        """A mount of the unified cgroup hierarchy, where the machine has none."""
        return self.root / "cgroup2"

    @property
    def images(self) -> Path:
        """Archives of the images that the harness itself writes."""
        return self.root / "images"

    @property
    def volumes(self) -> Path:
        """One folder for each dynamic persistent volume."""
        return self.root / "volumes"

    @property
    def machine(self) -> Path:
        """What the machine looked like before the cluster, to be put back."""
        return self.root / "machine.json"
