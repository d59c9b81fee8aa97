"""What a cluster is expected to have beyond Kubernetes itself: DNS, a default storage class, resource metrics."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from string import Template

import yaml

from e2e.cluster import programs
from e2e.cluster.addresses import CLUSTER_DOMAIN, DNS_SERVICE_ADDRESS, METRICS_PORT, NODE_ADDRESS
from e2e.cluster.base_images import DNS_IMAGE, SHELL_IMAGE
from e2e.cluster.commands import until
from e2e.cluster.credentials import Credentials
from e2e.cluster.errors import HarnessError
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.paths import Layout
from e2e.cluster.processes import Processes

_MANIFESTS = Path(__file__).parent / "manifests"
_READY_SECONDS = 120


def start(layout: Layout, credentials: Credentials, processes: Processes, kubectl: Kubectl) -> None:
    """Start DNS, storage and metrics, and give every part its rights; `wait_ready` waits for them."""
    layout.volumes.mkdir(parents=True, exist_ok=True)
    _apply(kubectl, "access")
    _apply(kubectl, "dns", domain=CLUSTER_DOMAIN, dns_address=DNS_SERVICE_ADDRESS, image=DNS_IMAGE)
    _apply(kubectl, "storage", volumes=str(layout.volumes), image=SHELL_IMAGE)
    authority = credentials.authority().certificate.read_bytes()
    bundle = base64.b64encode(authority).decode()
    _apply(kubectl, "metrics", port=str(METRICS_PORT), node_address=NODE_ADDRESS, ca_bundle=bundle)
    processes.start("local-path-provisioner", _provisioner(layout, credentials))
    processes.start("metrics-server", _metrics_server(credentials))


def wait_ready(processes: Processes, kubectl: Kubectl) -> None:
    """Wait until names resolve, volumes can be made and metrics are served."""
    within = f"--timeout={_READY_SECONDS}s"
    patience = _READY_SECONDS + 10
    kubectl("rollout", "status", "--namespace=kube-system", "deployment/coredns", within, timeout=patience)

    def served() -> bool:
        processes.check("metrics-server")
        processes.check("local-path-provisioner")
        try:
            shown = kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes", timeout=20)
        except HarnessError:
            return False
        return bool(json.loads(shown)["items"])

    until(served, what="the first reading of resource metrics", timeout=_READY_SECONDS, pause=1)


def _provisioner(layout: Layout, credentials: Credentials) -> list[str | Path]:
    config, helper = layout.config / "local-path.json", layout.config / "local-path-helper.yaml"
    # The provisioner reads as files what its helper pods mount from the ConfigMap.
    documents = yaml.safe_load_all(_rendered("storage", volumes=str(layout.volumes), image=SHELL_IMAGE))
    data = next(document["data"] for document in documents if document["kind"] == "ConfigMap")
    config.write_text(data["config.json"])
    helper.write_text(data["helperPod.yaml"])
    return [
        programs.LOCAL_PATH.path,
        "start",
        f"--kubeconfig={credentials.kubeconfig('local-path-provisioner')}",
        f"--config={config}",
        f"--helper-pod-file={helper}",
        f"--helper-image={SHELL_IMAGE}",
        "--namespace=local-path-storage",
    ]


def _metrics_server(credentials: Credentials) -> list[str | Path]:
    serving = credentials.pair("metrics-serving")
    return [
        programs.METRICS_SERVER.path,
        f"--kubeconfig={credentials.kubeconfig('metrics-server')}",
        f"--bind-address={NODE_ADDRESS}",
        f"--secure-port={METRICS_PORT}",
        f"--tls-cert-file={serving.certificate}",
        f"--tls-private-key-file={serving.key}",
        # The kubelet itself reads its pods every 10 to 15 s.
        "--metric-resolution=15s",
    ]


def _apply(kubectl: Kubectl, name: str, **values: str) -> None:
    kubectl.apply(_rendered(name, **values))


def _rendered(name: str, **values: str) -> str:
    return Template((_MANIFESTS / f"{name}.yaml").read_text()).substitute(values)
