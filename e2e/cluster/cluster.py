"""The cluster that the e2e tests run on: the one that KUBECONFIG names, or one of our own on this machine.

With KUBECONFIG set, that cluster is used as it is, and the environment variable E2E_IMAGE_LOAD says how it gets images,
with `{archive}` for the file: `kind load image-archive {archive}`.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster import (
    addons,
    base_images,
    cilium,
    container_runtime,
    control_plane,
    credentials,
    firewall,
    gotools,
    network,
    node,
    programs,
    system_packages,
)
from e2e.cluster.addresses import NODE_NAME
from e2e.cluster.commands import run, succeeds, until
from e2e.cluster.errors import HarnessError
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.locks import exclusive
from e2e.cluster.machine import Machine
from e2e.cluster.paths import Layout, state_dir
from e2e.cluster.processes import Processes
from e2e.cluster.teardown import leftovers, tear_down

PARTS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "containerd",
    "kubelet",
    "kube-proxy",
    "cilium-operator",
    "cilium-agent",
    "local-path-provisioner",
    "metrics-server",
)
"""The processes of a whole cluster."""

_IMAGE_LOAD_SECONDS = 600
_LOCK_SECONDS = 1200
_NODE_SECONDS = 90
_ANSWER_SECONDS = 60

Say = Callable[[str], None]


@dataclass(frozen=True)
class Cluster:
    """A running cluster: its kubeconfig, and the programs that speak to it."""

    kubeconfig: Path
    kubectl: Path
    helm: Path
    own: bool
    """Whether the harness made it, and may end it."""
    load_command: str = ""

    def load_image(self, archive: Path) -> None:
        """Make the images of an archive known to the cluster's nodes; a second time costs nothing."""
        if self.own:
            _load_once(Layout(state_dir()), archive)
            return
        if not self.load_command:
            raise HarnessError(
                "the cluster of KUBECONFIG has no way to get images: set E2E_IMAGE_LOAD, "
                "for instance to `kind load image-archive {archive}`"
            )
        words = [word.replace("{archive}", str(archive)) for word in shlex.split(self.load_command)]
        run(words, timeout=_IMAGE_LOAD_SECONDS)

    def versions(self) -> dict[str, str]:
        """What the cluster runs, by name: `kubernetes` as the API server says, and `cilium` where we started it."""
        shown = json.loads(Kubectl(self.kubeconfig, self.kubectl)("get", "--raw", "/version"))
        found = {"kubernetes": str(shown["gitVersion"])}
        if self.own:
            found["cilium"] = programs.CILIUM
        return found


def provision(say: Say = print) -> None:
    """Install the packages and build the programs that the cluster needs, as far as they are missing."""
    started = time.monotonic()
    names = (
        *system_packages.CLUSTER_PACKAGES,
        *system_packages.IMAGE_PACKAGES,
        *system_packages.SERVER_PACKAGES,
    )
    installed = system_packages.ensure_packages(names)
    if installed:
        say(f"  installed {', '.join(installed)} in {time.monotonic() - started:.0f} s")
    gotools.build_all(say)
    say(f"The test cluster's packages and programs are there ({time.monotonic() - started:.0f} s).")


def up(say: Say = print) -> Cluster:
    """A running cluster, made now unless there is one; on failure nothing stays but the logs."""
    layout = Layout(state_dir())
    given = os.environ.get("KUBECONFIG", "")
    # Whoever followed `export KUBECONFIG=…` of an earlier `up` still means our own cluster.
    if given and Path(given) != layout.kubeconfig:
        return _given(Path(given))
    with _only_one(layout):
        if not _is_healthy(layout):
            provision(say)
            _check_machine(layout)
            tear_down(layout)
            try:
                _start(layout, say)
            except BaseException:
                say(f"The cluster did not come up and is taken down; its logs stay in {layout.logs}")
                tear_down(layout)
                raise
    return Cluster(layout.kubeconfig, programs.KUBECTL.path, programs.HELM.path, own=True)


def down(say: Say = print) -> None:
    """End our own cluster and leave nothing behind but its logs."""
    layout = Layout(state_dir())
    started = time.monotonic()
    with _only_one(layout):
        if Machine.read(layout) is None:
            say("There is no cluster of our own on this machine.")
            return
        tear_down(layout)
        left = leftovers(layout)
    if left:
        raise HarnessError(f"the cluster was ended, but this is left of it: {', '.join(left)}; logs: {layout.logs}")
    say(f"The cluster is gone ({time.monotonic() - started:.0f} s); its logs stay in {layout.logs}")


def status() -> dict[str, bool]:
    """Which part of our own cluster runs."""
    layout = Layout(state_dir())
    processes = Processes(layout.records, layout.logs)
    records = {name: processes.find(name) for name in PARTS}
    return {name: record is not None and record.is_alive() for name, record in records.items()}


def _given(kubeconfig: Path) -> Cluster:
    kubectl, helm = _program("kubectl", programs.KUBECTL), _program("helm", programs.HELM)
    if not succeeds(Kubectl(kubeconfig, kubectl).command("get", "--raw", "/version"), timeout=30):
        raise HarnessError(f"the cluster of KUBECONFIG={kubeconfig} does not answer: start it, or unset KUBECONFIG")
    load_command = os.environ.get("E2E_IMAGE_LOAD", "")
    return Cluster(kubeconfig, kubectl, helm, own=False, load_command=load_command)


def _program(name: str, built: programs.Program) -> Path:
    found = shutil.which(name)
    if found is None and not gotools.is_built(built):
        raise HarnessError(f"{name} is missing: install it, or run `make provision`, which builds it")
    return Path(found) if found else built.path


def _is_healthy(layout: Layout) -> bool:
    if not all(status().values()) or _built_from(layout) != _recipes():
        return False
    kubectl = Kubectl(layout.kubeconfig, programs.KUBECTL.path)
    try:
        # Patiently: a busy machine answers late, and somebody may be using the cluster.
        until(lambda: _node_is_ready(kubectl), what="the running cluster's answer", timeout=_ANSWER_SECONDS)
    except HarnessError:
        return False
    return True


def _check_machine(layout: Layout) -> None:
    if os.geteuid() != 0:
        raise HarnessError(
            "a cluster of our own needs root: run as root, or give another cluster's KUBECONFIG (kind makes one)"
        )
    if Machine.read(layout) is None:
        if firewall.has_cluster_rules():
            raise HarnessError(
                "this machine already runs Kubernetes (its packet filter has KUBE- or CILIUM_ chains): "
                "give that cluster's KUBECONFIG"
            )
        network.check_networks_are_free()


def _start(layout: Layout, say: Say) -> None:
    started = time.monotonic()
    Machine.now().write(layout)
    _rotate_logs(layout)
    layout.config.mkdir(parents=True, exist_ok=True)
    processes = Processes(layout.records, layout.logs)
    kubectl = Kubectl(layout.kubeconfig, programs.KUBECTL.path)
    keys = credentials.create(layout)
    network.create_node_interface()
    network.apply_kernel_settings()
    control_plane.start(layout, keys, processes, kubectl)
    # Before there is a node: its pods wait by themselves, and metrics-server needs time for two readings.
    addons.start(layout, keys, processes, kubectl)
    say(f"  the API server answers after {time.monotonic() - started:.0f} s")
    container_runtime.start(layout, processes)
    for archive in base_images.write_all(layout.images):
        _load_once(layout, archive)
    node.start(layout, keys, processes)
    cilium.start(layout, keys, processes)
    say(f"  Cilium enforces policies after {time.monotonic() - started:.0f} s")
    until(lambda: _node_is_ready(kubectl), what="the node's readiness", timeout=_NODE_SECONDS, pause=0.5)
    addons.wait_ready(processes, kubectl)
    (layout.root / "recipes").write_text(_recipes())
    say(f"The cluster is up ({time.monotonic() - started:.0f} s).")


def _node_is_ready(kubectl: Kubectl) -> bool:
    try:
        found = kubectl.get("node", NODE_NAME, timeout=20)
    except HarnessError:
        return False
    conditions = found["status"].get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _load_once(layout: Layout, archive: Path) -> None:
    details = archive.stat()
    mark = layout.containerd / "loaded" / f"{archive.name}-{details.st_size}-{details.st_mtime_ns}"
    if not mark.exists():
        container_runtime.load(layout, archive)
        mark.parent.mkdir(exist_ok=True)
        mark.touch()


def _rotate_logs(layout: Layout) -> None:
    if layout.logs.is_dir():
        shutil.rmtree(layout.previous_logs, ignore_errors=True)
        layout.logs.rename(layout.previous_logs)
    layout.logs.mkdir(parents=True)


def _recipes() -> str:
    return "\n".join(f"{program.name} {program.recipe()}" for program in programs.PROGRAMS)


def _built_from(layout: Layout) -> str:
    recipes = layout.root / "recipes"
    return recipes.read_text() if recipes.is_file() else ""


def _only_one(layout: Layout) -> AbstractContextManager[None]:
    """Keep two harnesses from making or ending the cluster at once."""
    return exclusive(layout.root.parent / "cluster.lock", what="work on the cluster", timeout=_LOCK_SECONDS)
