"""Cilium as the node's network: it connects the pods and enforces their NetworkPolicies."""

from __future__ import annotations

import shutil
from pathlib import Path

from e2e.cluster import cilium_source, programs
from e2e.cluster.addresses import NODE_INTERFACE, NODE_NAME, POD_NETWORK
from e2e.cluster.cgroups import unified_hierarchy
from e2e.cluster.commands import environment_with, until
from e2e.cluster.credentials import Credentials
from e2e.cluster.mounts import mount
from e2e.cluster.paths import Layout
from e2e.cluster.processes import Processes

RUN_FOLDER = Path("/var/run/cilium")
"""Cilium's fixed place for its sockets."""

_CONFIGURATION = "05-cilium.conflist"
_READY_SECONDS = 180
_KERNEL_MODULES = ("ip_tables", "iptable_filter", "iptable_mangle", "iptable_nat", "iptable_raw", "xt_socket")
_COMPILER = "clang-19"
_NAMESPACE = "kube-system"


def start(layout: Layout, credentials: Credentials, processes: Processes) -> None:
    """Start Cilium's operator and agent and wait until pods can be connected."""
    mount("bpf", layout.bpffs)
    _write_module_list()
    _install_plugin(layout)
    _copy_bpf_source(layout)
    _configuration(layout).parent.mkdir(exist_ok=True)
    environment = {
        "K8S_NODE_NAME": NODE_NAME,
        "CILIUM_K8S_NAMESPACE": _NAMESPACE,
        "PATH": f"{_compiler(layout)}:{environment_with()['PATH']}",
    }
    processes.start("cilium-operator", _operator(credentials), environment)
    processes.start("cilium-agent", _agent(layout, credentials), environment)

    def ready() -> bool:
        processes.check("cilium-operator")
        processes.check("cilium-agent")
        return _configuration(layout).is_file()

    until(ready, what="Cilium's readiness", timeout=_READY_SECONDS)
    # Cilium renames its file into place, and containerd 1.6 overlooks a file that appears so.
    (layout.cni_config / _CONFIGURATION).write_text(_configuration(layout).read_text())


def _agent(layout: Layout, credentials: Credentials) -> list[str | Path]:
    return [
        programs.CILIUM_AGENT.path,
        f"--k8s-kubeconfig-path={credentials.kubeconfig('cilium-agent')}",
        f"--lib-dir={layout.cilium}",
        f"--state-dir={RUN_FOLDER}",
        f"--bpf-root={layout.bpffs}",
        f"--cgroup-root={unified_hierarchy(layout)}",
        f"--write-cni-conf-when-ready={_configuration(layout)}",
        "--cni-exclusive=false",
        "--ipam=kubernetes",
        "--enable-ipv6=false",
        "--identity-allocation-mode=crd",
        "--routing-mode=native",
        f"--ipv4-native-routing-cidr={POD_NETWORK}",
        "--enable-ipv4-masquerade=true",
        "--enable-host-legacy-routing=true",
        f"--devices={NODE_INTERFACE}",
        "--enable-runtime-device-detection=false",
        # kube-proxy serves Services; Cilium enforces policies on the addresses behind them.
        "--kube-proxy-replacement=false",
        "--enable-remote-node-identity=true",
        "--enable-l7-proxy=false",
        "--enable-hubble=false",
        "--enable-health-checking=false",
        "--enable-endpoint-health-checking=false",
    ]


def _operator(credentials: Credentials) -> list[str | Path]:
    return [
        programs.CILIUM_OPERATOR.path,
        f"--k8s-kubeconfig-path={credentials.kubeconfig('cilium-operator')}",
        "--ipam=kubernetes",
        "--enable-ipv6=false",
        "--identity-allocation-mode=crd",
        # No pod starts before Cilium is there, and Cilium is no pod whose readiness could be watched.
        "--unmanaged-pod-watcher-interval=0",
        "--set-cilium-is-up-condition=false",
        "--remove-cilium-node-taints=false",
    ]


def _configuration(layout: Layout) -> Path:
    return layout.cilium / "cni" / _CONFIGURATION


def _write_module_list() -> None:
    """List the kernel modules that Cilium asks for: those loaded, and those built into a kernel without modules."""
    RUN_FOLDER.mkdir(parents=True, exist_ok=True)
    loaded = Path("/proc/modules")
    lines = loaded.read_text().splitlines() if loaded.is_file() else []
    known = {line.split()[0] for line in lines}
    lines += [f"{name} 0 0 - Live 0x0" for name in _KERNEL_MODULES if name not in known]
    cilium_source.LOADED_MODULES.write_text("\n".join(lines) + "\n")


def _install_plugin(layout: Layout) -> None:
    plugin = layout.cni_plugins / "cilium-cni"
    plugin.unlink(missing_ok=True)
    shutil.copy2(programs.CILIUM_CNI.path, plugin)


def _copy_bpf_source(layout: Layout) -> None:
    target = layout.cilium / "bpf"
    if not target.is_dir():
        shutil.copytree(cilium_source.source() / "bpf", target)


def _compiler(layout: Layout) -> Path:
    """A folder whose `clang` compiles Cilium's programs: they are built with -Werror, and 19 warns of more than 17."""
    folder = layout.cilium / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    wrapper = folder / "clang"
    wrapper.write_text(f'#!/bin/sh\nexec {_COMPILER} "$@" -Wno-error -w\n')
    wrapper.chmod(0o755)
    return folder
