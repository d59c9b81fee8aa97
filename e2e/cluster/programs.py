"""The Go programs that the test cluster is made of, and the versions they are built at.

Each is a package of a Go module kept in `tools/`, whose go.mod and go.sum pin everything it is compiled from.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.paths import cache_dir

MODULES = Path(__file__).parent / "tools"
"""The folder of Go modules."""

KUBERNETES = "1.34.4"
CILIUM = "1.15.19"

_MAJOR, _MINOR, _ = KUBERNETES.split(".")
# Without these the API server calls itself v0.0.0 and refuses clients that compare versions.
_KUBERNETES_STAMP = (
    f"-X k8s.io/component-base/version.gitVersion=v{KUBERNETES} "
    f"-X k8s.io/component-base/version.gitMajor={_MAJOR} "
    f"-X k8s.io/component-base/version.gitMinor={_MINOR} "
    "-X k8s.io/component-base/version.gitTreeState=clean"
)
_CILIUM_STAMP = f"-X github.com/cilium/cilium/pkg/version.ciliumVersion={CILIUM}"


@dataclass(frozen=True)
class Program:
    """One program: `package` of the Go module in `tools/<module>`, which pins `pinned_by` at `version`."""

    name: str
    version: str
    module: str
    package: str
    pinned_by: str
    stamp: str = ""
    tags: str = ""

    @property
    def path(self) -> Path:
        """Where the built program lies in the cache."""
        return self.folder / self.name

    @property
    def folder(self) -> Path:
        """The program's folder in the cache, named by version."""
        return cache_dir() / "tools" / f"{self.name}-{self.version}"

    def recipe(self) -> str:
        """A digest of everything that decides what is built: pinned modules, own source and build flags."""
        digest = hashlib.sha256(f"{self.package} {self.stamp} {self.tags}\n".encode())
        module = MODULES / self.module
        own = sorted((module / self.package).glob("*.go")) if self.package.startswith(".") else []
        for source in (module / "go.mod", module / "go.sum", *own):
            if source.is_file():
                digest.update(source.name.encode() + b"\0" + source.read_bytes())
        return digest.hexdigest()


def _kubernetes(name: str) -> Program:
    package = f"k8s.io/kubernetes/cmd/{name}"
    return Program(name, KUBERNETES, "kubernetes", package, "k8s.io/kubernetes", _KUBERNETES_STAMP)


def _cilium(name: str, package: str, tags: str = "osusergo") -> Program:
    module = "github.com/cilium/cilium"
    return Program(name, CILIUM, "cilium", f"{module}/{package}", module, _CILIUM_STAMP, tags)


ETCD = Program("etcd", "3.6.7", "etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3")
PAUSE = Program("pause", "1", "pause", ".", "")
APISERVER = _kubernetes("kube-apiserver")
KUBECTL = _kubernetes("kubectl")
CONTROLLER_MANAGER = _kubernetes("kube-controller-manager")
SCHEDULER = _kubernetes("kube-scheduler")
KUBELET = _kubernetes("kubelet")
KUBE_PROXY = _kubernetes("kube-proxy")
COREDNS = Program("coredns", "1.13.1", "kubernetes", "./coredns", "github.com/coredns/coredns")
METRICS_SERVER = Program(
    "metrics-server", "0.9.0", "kubernetes", "./metrics-server", "sigs.k8s.io/metrics-server", _KUBERNETES_STAMP
)
LOCAL_PATH = Program(
    "local-path-provisioner",
    "0.0.30",
    "kubernetes",
    "github.com/rancher/local-path-provisioner",
    "github.com/rancher/local-path-provisioner",
)
HELM = Program("helm", "3.19.5", "kubernetes", "helm.sh/helm/v3/cmd/helm", "helm.sh/helm/v3")
CILIUM_CNI = _cilium("cilium-cni", "plugins/cilium-cni")
CILIUM_AGENT = _cilium("cilium-agent", "daemon")
CILIUM_OPERATOR = _cilium("cilium-operator", "operator", "osusergo ipam_provider_operator")

LINES: tuple[tuple[Program, ...], ...] = (
    (
        APISERVER,
        KUBECTL,
        CONTROLLER_MANAGER,
        SCHEDULER,
        KUBELET,
        KUBE_PROXY,
        METRICS_SERVER,
        COREDNS,
        LOCAL_PATH,
        HELM,
    ),
    (PAUSE, ETCD, CILIUM_AGENT, CILIUM_CNI, CILIUM_OPERATOR),
)
"""Two lines of builds that share little, each in the order in which its members profit from one another."""

PROGRAMS: tuple[Program, ...] = tuple(program for line in LINES for program in line)


def pinned_version(go_mod: str, module: str) -> str | None:
    """The version, without its `v`, at which the text of a go.mod requires `module`; None when it doesn't."""
    found = re.search(rf"^(?:require )?\s*{re.escape(module)} v(\S+)", go_mod, re.MULTILINE)
    return found.group(1) if found else None
