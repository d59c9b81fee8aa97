"""etcd, the API server, the controller manager and the scheduler, as processes of this machine."""

from __future__ import annotations

from pathlib import Path

import yaml

from e2e.cluster import programs
from e2e.cluster.addresses import (
    API_PORT,
    CLUSTER_DOMAIN,
    ETCD_PEER_URL,
    ETCD_URL,
    NODE_ADDRESS,
    POD_NETWORK,
    SERVICE_NETWORK,
)
from e2e.cluster.commands import succeeds, until
from e2e.cluster.credentials import Credentials
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.paths import Layout
from e2e.cluster.processes import Processes

_READY_SECONDS = 90

_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    # Metadata says who did what to which object; bodies, and with them the Secrets, stay out of the log.
    "rules": [
        {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*", "/openapi/*", "/version"]},
        {"level": "None", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
        {"level": "Metadata"},
    ],
}


def start(layout: Layout, credentials: Credentials, processes: Processes, kubectl: Kubectl) -> None:
    """Start the control plane's four processes and wait until the API server is ready."""
    processes.start("etcd", _etcd(layout, credentials))
    audit_policy = layout.config / "audit-policy.yaml"
    audit_policy.write_text(yaml.safe_dump(_AUDIT_POLICY))
    processes.start("kube-apiserver", _api_server(layout, credentials, audit_policy))

    def ready() -> bool:
        processes.check("etcd")
        processes.check("kube-apiserver")
        return succeeds(kubectl.command("get", "--raw", "/readyz"), timeout=10)

    until(ready, what="the API server's readiness", timeout=_READY_SECONDS)
    processes.start("kube-controller-manager", _controller_manager(credentials))
    processes.start("kube-scheduler", _scheduler(credentials))


def _etcd(layout: Layout, credentials: Credentials) -> list[str | Path]:
    pair, authority = credentials.pair("etcd"), credentials.authority("etcd").certificate
    return [
        programs.ETCD.path,
        "--name=ringfence",
        f"--data-dir={layout.etcd}",
        f"--listen-client-urls={ETCD_URL}",
        f"--advertise-client-urls={ETCD_URL}",
        f"--listen-peer-urls={ETCD_PEER_URL}",
        f"--initial-advertise-peer-urls={ETCD_PEER_URL}",
        f"--initial-cluster=ringfence={ETCD_PEER_URL}",
        "--client-cert-auth=true",
        f"--cert-file={pair.certificate}",
        f"--key-file={pair.key}",
        f"--trusted-ca-file={authority}",
        "--peer-client-cert-auth=true",
        f"--peer-cert-file={pair.certificate}",
        f"--peer-key-file={pair.key}",
        f"--peer-trusted-ca-file={authority}",
        # The data is thrown away with the cluster, so it need not survive a power cut.
        "--unsafe-no-fsync",
    ]


def _api_server(layout: Layout, credentials: Credentials, audit_policy: Path) -> list[str | Path]:
    authority = credentials.authority().certificate
    serving, kubelet = credentials.pair("apiserver"), credentials.pair("apiserver-kubelet")
    etcd, front = credentials.pair("apiserver-etcd"), credentials.pair("front-proxy")
    accounts = credentials.service_accounts
    return [
        programs.APISERVER.path,
        f"--bind-address={NODE_ADDRESS}",
        f"--advertise-address={NODE_ADDRESS}",
        f"--secure-port={API_PORT}",
        f"--tls-cert-file={serving.certificate}",
        f"--tls-private-key-file={serving.key}",
        f"--client-ca-file={authority}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        f"--service-account-issuer=https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
        f"--service-account-key-file={accounts.certificate}",
        f"--service-account-signing-key-file={accounts.key}",
        f"--etcd-servers={ETCD_URL}",
        f"--etcd-cafile={credentials.authority('etcd').certificate}",
        f"--etcd-certfile={etcd.certificate}",
        f"--etcd-keyfile={etcd.key}",
        f"--kubelet-certificate-authority={authority}",
        f"--kubelet-client-certificate={kubelet.certificate}",
        f"--kubelet-client-key={kubelet.key}",
        # The node's name resolves nowhere.
        "--kubelet-preferred-address-types=InternalIP",
        # metrics-server is a process of the machine behind a Service without a selector.
        "--enable-aggregator-routing=true",
        f"--requestheader-client-ca-file={credentials.authority('front-proxy').certificate}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={front.certificate}",
        f"--proxy-client-key-file={front.key}",
        f"--audit-policy-file={audit_policy}",
        f"--audit-log-path={layout.logs / 'audit.log'}",
        "--audit-log-maxsize=200",
        "--audit-log-maxbackup=2",
    ]


def _controller_manager(credentials: Credentials) -> list[str | Path]:
    kubeconfig, authority = credentials.kubeconfig("controller-manager"), credentials.authority()
    return [
        programs.CONTROLLER_MANAGER.path,
        "--bind-address=127.0.0.1",
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={credentials.service_accounts.key}",
        f"--root-ca-file={authority.certificate}",
        f"--cluster-signing-cert-file={authority.certificate}",
        f"--cluster-signing-key-file={authority.key}",
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={POD_NETWORK}",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        # Tests wait for an autoscaler's decisions; Kubernetes' own 15 s would make them slow.
        "--horizontal-pod-autoscaler-sync-period=5s",
    ]


def _scheduler(credentials: Credentials) -> list[str | Path]:
    kubeconfig = credentials.kubeconfig("scheduler")
    return [
        programs.SCHEDULER.path,
        "--bind-address=127.0.0.1",
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--leader-elect=false",
    ]
