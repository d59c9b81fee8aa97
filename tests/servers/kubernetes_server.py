"""A Kubernetes API without nodes: etcd, the API server and the controller manager as loopback processes.

Namespaces end, Deployments make pods (that stay Pending), what a Deployment owned is collected: enough to show what
an operator asks for, and when it stops asking. Started in seconds from the programs that the test cluster uses.
"""

from __future__ import annotations

import json
import secrets
import shutil
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from e2e.cluster import programs
from e2e.cluster.errors import HarnessError
from e2e.cluster.gotools import is_built
from e2e.cluster.pki import write_signing_key
from tests.servers.certificates import Authority, write_identity
from tests.servers.process import ServerProcess, bound_to_parent, free_port

START_SECONDS = 90.0
REQUEST_SECONDS = 10.0
OPERATOR = "system:serviceaccount:ringfence-system:ringfence-operator"


@dataclass
class KubernetesServer:
    """A running API. Two users: an administrator, and the operator's service account with what RBAC gives it."""

    url: str
    ca_file: Path
    admin_token: str = field(repr=False)
    operator_token: str = field(repr=False)
    version: str
    audit_log: Path
    _processes: list[ServerProcess] = field(repr=False)
    _home: Path = field(repr=False)

    def admin(self) -> httpx.Client:
        """An HTTP client of the administrator. The caller closes it."""
        return httpx.Client(
            base_url=self.url,
            verify=ssl.create_default_context(cafile=str(self.ca_file)),
            headers={"Authorization": f"Bearer {self.admin_token}"},
            timeout=REQUEST_SECONDS,
        )

    def kubeconfig(self, token: str) -> str:
        """Text of a kubeconfig for the holder of `token`."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "test", "cluster": {"server": self.url, "certificate-authority": str(self.ca_file)}},
            ],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "current-context": "test",
        }
        return yaml.safe_dump(config)

    def requests(self, user: str = OPERATOR) -> Iterator[dict[str, Any]]:
        """What `user` asked of the API server so far: entries of its audit log."""
        for line in self.audit_log.read_text().splitlines():
            entry = json.loads(line)
            if entry["user"]["username"] == user:
                yield entry

    def close(self) -> None:
        """Stop the processes and remove what they wrote."""
        for process in reversed(self._processes):
            process.stop()
        shutil.rmtree(self._home, ignore_errors=True)


def start_kubernetes() -> KubernetesServer:
    """Start the API on loopback. The caller calls `close`.

    :raises HarnessError: the programs are not built yet.
    :raises ServerFailed: a process was not ready in time; the message ends with its log.
    """
    needed = (programs.ETCD, programs.APISERVER, programs.CONTROLLER_MANAGER)
    missing = [program.name for program in needed if not is_built(program)]
    if missing:
        raise HarnessError(f"{', '.join(missing)} not built yet: run make provision")
    home = Path(tempfile.mkdtemp(prefix="ringfence-kubernetes-"))
    server = KubernetesServer(
        f"https://127.0.0.1:{free_port()}",
        home / "ca.crt",
        secrets.token_hex(16),
        secrets.token_hex(16),
        programs.KUBERNETES,
        home / "audit.log",
        [],
        home,
    )
    try:
        _write_files(server, home)
        _start(server, home)
    except BaseException:
        server.close()
        raise
    return server


def _write_files(server: KubernetesServer, home: Path) -> None:
    authority = Authority()
    server.ca_file.write_text(authority.certificate)
    write_identity(home, "server", authority.issue("kubernetes", "localhost", "127.0.0.1"))
    write_signing_key(home, "accounts")
    tokens = home / "tokens.csv"
    tokens.touch(mode=0o600)
    tokens.write_text(
        f"{server.admin_token},test-admin,test-admin,system:masters\n"
        f'{server.operator_token},{OPERATOR},operator,"system:serviceaccounts,system:authenticated"\n'
    )
    (home / "admin.kubeconfig").write_text(server.kubeconfig(server.admin_token))
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"]}
    (home / "audit.yaml").write_text(yaml.safe_dump({**policy, "rules": [{"level": "Metadata"}]}))


def _start(server: KubernetesServer, home: Path) -> None:
    etcd, peer = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"

    def run(name: str, command: list[str], url: str, seconds: float = START_SECONDS) -> None:
        process = ServerProcess(name, bound_to_parent(command), folder=home)
        server._processes.append(process)
        process.start(lambda: _answers(url, server), seconds)

    run("etcd", _etcd(home, etcd, peer), f"{etcd}/health")
    run("kube-apiserver", _api_server(server, home, etcd), f"{server.url}/readyz")
    managed = f"{server.url}/api/v1/namespaces/default/serviceaccounts/default"
    run("kube-controller-manager", _controller_manager(home), managed)


def _answers(url: str, server: KubernetesServer) -> bool:
    try:
        with server.admin() as client:
            return client.get(url).status_code == 200
    except httpx.HTTPError:
        return False


def _etcd(home: Path, url: str, peer: str) -> list[str]:
    return [
        str(programs.ETCD.path),
        f"--data-dir={home / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def _api_server(server: KubernetesServer, home: Path, etcd: str) -> list[str]:
    return [
        str(programs.APISERVER.path),
        "--bind-address=127.0.0.1",
        # Written into the Endpoints of Service `kubernetes`, where loopback is refused; nobody connects to it.
        "--advertise-address=192.0.2.1",
        f"--secure-port={server.url.rpartition(':')[2]}",
        f"--tls-cert-file={home / 'server.crt'}",
        f"--tls-private-key-file={home / 'server.key'}",
        f"--token-auth-file={home / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={home / 'accounts.pub'}",
        f"--service-account-signing-key-file={home / 'accounts.key'}",
        f"--etcd-servers={etcd}",
        f"--audit-policy-file={home / 'audit.yaml'}",
        f"--audit-log-path={server.audit_log}",
        f"--cert-dir={home}",
    ]


def _controller_manager(home: Path) -> list[str]:
    return [
        str(programs.CONTROLLER_MANAGER.path),
        "--bind-address=127.0.0.1",
        f"--secure-port={free_port()}",
        f"--kubeconfig={home / 'admin.kubeconfig'}",
        f"--authentication-kubeconfig={home / 'admin.kubeconfig'}",
        f"--authorization-kubeconfig={home / 'admin.kubeconfig'}",
        f"--service-account-private-key-file={home / 'accounts.key'}",
        f"--root-ca-file={home / 'ca.crt'}",
        f"--cert-dir={home}",
        "--leader-elect=false",
        "--controllers=*,-nodeipam,-node-lifecycle-controller,-horizontal-pod-autoscaler-controller",
    ]
