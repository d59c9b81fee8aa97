"""Who is who in the test cluster: the certificate and kubeconfig of every part."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.addresses import API_SERVICE_ADDRESS, CLUSTER_DOMAIN, NODE_ADDRESS, NODE_NAME
from e2e.cluster.kubeconfigs import write_kubeconfig
from e2e.cluster.paths import Layout
from e2e.cluster.pki import Authority, Pair, write_signing_key

KUBELET_API_USER = "ringfence-test:kubelet-api"
"""The API server's name when it calls the kubelet, for exec and logs."""

METRICS_USER = "ringfence-test:metrics-server"
PROVISIONER_USER = "ringfence-test:local-path-provisioner"
CILIUM_AGENT_USER = "ringfence-test:cilium-agent"
CILIUM_OPERATOR_USER = "ringfence-test:cilium-operator"

_USERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "admin": ("ringfence-test:admin", ("system:masters",)),
    "controller-manager": ("system:kube-controller-manager", ()),
    "scheduler": ("system:kube-scheduler", ()),
    "kubelet": (f"system:node:{NODE_NAME}", ("system:nodes",)),
    "kube-proxy": ("system:kube-proxy", ()),
    "cilium-agent": (CILIUM_AGENT_USER, ()),
    "cilium-operator": (CILIUM_OPERATOR_USER, ()),
    "metrics-server": (METRICS_USER, ()),
    "local-path-provisioner": (PROVISIONER_USER, ()),
}


@dataclass(frozen=True)
class Credentials:
    """Where `create` put the files that `folder` holds."""

    folder: Path

    def authority(self, name: str = "cluster") -> Pair:
        """The certificate authority `cluster`, `etcd` or `front-proxy`."""
        return self.pair(f"{name}-ca")

    def pair(self, name: str) -> Pair:
        """The certificate and key called `name`."""
        return Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")

    @property
    def service_accounts(self) -> Pair:
        """The public and private key of service account tokens."""
        return Pair(self.folder / "service-accounts.pub", self.folder / "service-accounts.key")

    def kubeconfig(self, name: str) -> Path:
        """The kubeconfig of the part called `name`."""
        return self.folder / f"{name}.kubeconfig"


def create(layout: Layout) -> Credentials:
    """Make every key, certificate and kubeconfig anew; the administrator's kubeconfig is `layout.kubeconfig`."""
    layout.pki.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout.pki.chmod(0o700)
    credentials = Credentials(layout.pki)
    cluster = Authority(layout.pki, "cluster-ca")
    service = "kubernetes.default.svc"
    names = ["kubernetes", "kubernetes.default", service, f"{service}.{CLUSTER_DOMAIN}", "localhost"]
    cluster.server("apiserver", [*names, NODE_ADDRESS, API_SERVICE_ADDRESS, "127.0.0.1"])
    cluster.server("kubelet-serving", [NODE_NAME, NODE_ADDRESS])
    cluster.server("metrics-serving", ["metrics-server.kube-system.svc", NODE_ADDRESS])
    cluster.client("apiserver-kubelet", KUBELET_API_USER)
    for name, (user, groups) in _USERS.items():
        pair = cluster.client(name, user, groups)
        write_kubeconfig(credentials.kubeconfig(name), pair, cluster.files.certificate)
    etcd = Authority(layout.pki, "etcd-ca")
    etcd.server("etcd", ["localhost", "127.0.0.1"])
    etcd.client("apiserver-etcd", "kube-apiserver")
    # The API server trusts whoever this authority signs to speak for any user, so it signs one certificate only.
    Authority(layout.pki, "front-proxy-ca").client("front-proxy", "front-proxy")
    write_signing_key(layout.pki, "service-accounts")
    shutil.copyfile(credentials.kubeconfig("admin"), layout.kubeconfig)
    layout.kubeconfig.chmod(0o600)
    return credentials
