"""Promise: the program that the image starts does the whole job, with the chart's rights and no others."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringfence_operator.settings import Settings
from tests.integration.operator.cluster import Cluster
from tests.integration.operator.conftest import HOME, chart_manifests, tenant
from tests.servers.kubernetes_server import KubernetesServer
from tests.servers.process import free_port

PROGRAM = Path(sys.executable).parent / "ringfence-operator"
STOP_SECONDS = 15


@dataclass
class Running:
    """The operator as a process of its own."""

    process: subprocess.Popen[bytes]
    log: Path
    health: str
    metrics: str

    def lines(self) -> list[dict[str, Any]]:
        """Its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def running(kubernetes: KubernetesServer, settings: Settings, tmp_path: Path) -> Iterator[Running]:
    opensearch, redis = tmp_path / "opensearch", tmp_path / "redis"
    for folder, files in (
        (opensearch, {"ca.crt": settings.platform.opensearch_ca}),
        (redis, {"ca.crt": settings.platform.redis_ca, "username": "", "password": ""}),
    ):
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
    (opensearch / "tls.crt").write_text(Path(settings.opensearch_certificate_file).read_text())
    (opensearch / "tls.key").write_text(Path(settings.opensearch_key_file).read_text())
    (redis / "username").write_text(settings.redis_username)
    (redis / "password").write_text(settings.redis_password)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(kubernetes.kubeconfig(kubernetes.operator_token))
    health, metrics = free_port(), free_port()
    environment = {
        **os.environ,
        "KUBECONFIG": str(kubeconfig),
        "RINGFENCE_NAMESPACE": HOME,
        "RINGFENCE_POD_NAME": "operator-0",
        "RINGFENCE_DATAPLANE_IMAGE": "ringfence/dataplane:dev",
        "RINGFENCE_IMAGE_PULL_POLICY": "IfNotPresent",
        "RINGFENCE_OPENSEARCH_URL": settings.platform.opensearch_url,
        "RINGFENCE_OPENSEARCH_REPLICAS": "0",
        "RINGFENCE_OPENSEARCH_SECRET_DIR": str(opensearch),
        "RINGFENCE_REDIS_NODES": ",".join(settings.platform.redis_nodes),
        "RINGFENCE_REDIS_SECRET_DIR": str(redis),
        "RINGFENCE_WORKERS": "4",
        "RINGFENCE_LOG_FORMAT": "json",
        "RINGFENCE_HEALTH_PORT": str(health),
        "RINGFENCE_METRICS_PORT": str(metrics),
    }
    log = tmp_path / "operator.log"
    with log.open("wb") as out:
        process = subprocess.Popen([str(PROGRAM)], env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield Running(process, log, f"http://127.0.0.1:{health}/healthz", f"http://127.0.0.1:{metrics}/metrics")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def ready(cluster: Cluster, name: str) -> bool:
    return cluster.conditions(name).get("Ready", {}).get("status") == "True"


def live(cluster: Cluster, name: str, policy: str) -> None:
    """Apply a Tenant, let its pods start, wait until it is Ready."""
    cluster.apply(tenant(name, policy)).raise_for_status()
    deployment = ("apps/v1", "Deployment", "dataplane", f"tenant-{name}")
    cluster.wait(lambda: cluster.get(*deployment), f"{name}'s Deployment", seconds=90)
    cluster.run_pods(f"tenant-{name}")
    cluster.wait(lambda: ready(cluster, name), f"{name} Ready", seconds=60)


def leave(cluster: Cluster, name: str) -> None:
    """Delete a Tenant and wait until it is gone."""
    cluster.delete("ringfence.dev/v1alpha1", "Tenant", name)
    cluster.wait(lambda: cluster.get("ringfence.dev/v1alpha1", "Tenant", name) is None, f"{name} gone", seconds=90)


def test_the_program_serves_repairs_removes_and_stops_when_asked(
    running: Running, cluster: Cluster, kubernetes: KubernetesServer
) -> None:
    live(cluster, "whole", "Retain")
    assert httpx.get(running.health, timeout=10).status_code == 200
    shown = httpx.get(running.metrics, timeout=10).text
    assert re.search(r'^ringfence_tenants{state="ready"} [1-9]', shown, re.MULTILINE), shown  # others' may be there

    cluster.delete("networking.k8s.io/v1", "NetworkPolicy", "default-deny", "tenant-whole")
    policy = ("networking.k8s.io/v1", "NetworkPolicy", "default-deny", "tenant-whole")
    cluster.wait(lambda: cluster.get(*policy), "the deleted policy is back", seconds=35)

    leave(cluster, "whole")
    live(cluster, "whole", "Delete")
    leave(cluster, "whole")

    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(STOP_SECONDS) == 0
    assert not [line for line in running.lines() if line.get("level") in ("error", "critical")]
    assert_rights_are_used(kubernetes)


def assert_rights_are_used(kubernetes: KubernetesServer) -> None:
    """What the chart grants is what a whole life needs: nothing was refused, and nothing was granted in vain."""
    granted, used = set(), set()
    for manifest in chart_manifests():
        if manifest["kind"] in ("ClusterRole", "Role"):
            for rule in manifest["rules"]:
                assert "*" not in str(rule)
                granted |= {
                    (group, resource, verb)
                    for group in rule["apiGroups"]
                    for resource in rule["resources"]
                    for verb in rule["verbs"]
                }
    for entry in kubernetes.requests():
        assert entry["responseStatus"]["code"] != 403, entry["requestURI"]
        if what := entry.get("objectRef"):
            resource = "/".join(part for part in (what["resource"], what.get("subresource")) if part)
            # Server-side apply that makes an object needs the right to create beside the one to patch.
            verbs = [entry["verb"], "create"] if entry["responseStatus"]["code"] == 201 else [entry["verb"]]
            used |= {(what.get("apiGroup", ""), resource, verb) for verb in verbs}
    assert granted - used == set()
    assert not any(verb in ("escalate", "bind", "impersonate", "deletecollection") for _, _, verb in granted)
    assert not {("", "secrets", "list"), ("", "secrets", "watch"), ("", "pods/exec", "create")} & granted


def test_a_wrong_setting_ends_the_program_with_its_name(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(PROGRAM)], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    assert "RINGFENCE_OPENSEARCH_URL is not set" in done.stderr
