"""A Kubernetes API with the chart's rights, and a reconciler that has these and no more."""

from __future__ import annotations

import asyncio
import copy
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from kubernetes.aio.client.configuration import Configuration

from e2e.cluster import programs
from e2e.cluster.errors import HarnessError
from ringfence_operator.desired.platform import Platform
from ringfence_operator.reconcile.results import Pass, State
from ringfence_operator.reconcile.tenant import Reconciler
from ringfence_operator.settings import Settings
from ringfence_operator.wiring import reconciler
from tests.integration.operator.cluster import Cluster
from tests.servers import OpenSearchServer, RedisServer, ServerFailed
from tests.servers.kubernetes_server import KubernetesServer, start_kubernetes

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts" / "ringfence"
HOME = "ringfence-system"
ACME = yaml.safe_load((ROOT / "examples" / "tenants" / "acme.yaml").read_text())


@pytest.fixture(scope="session")
def kubernetes(pytestconfig: pytest.Config) -> Iterator[KubernetesServer]:
    """The API server with the Tenant definition and the operator's rights, as the chart gives them."""
    try:
        server = start_kubernetes()
    except (HarnessError, ServerFailed) as error:
        pytest.fail(str(error), pytrace=False)
    try:
        with server.admin() as admin:
            cluster = Cluster(admin)
            cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}}).raise_for_status()
            for manifest in chart_manifests():
                if manifest["kind"] in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"):
                    cluster.apply(manifest).raise_for_status()
            cluster.apply(
                yaml.safe_load((CHART / "crds" / "tenants.ringfence.dev.yaml").read_text())
            ).raise_for_status()
            cluster.wait(lambda: admin.get("/apis/ringfence.dev/v1alpha1/tenants").status_code == 200, "the definition")
        yield server
    finally:
        server.close()


def chart_manifests(*arguments: str) -> list[dict[str, Any]]:
    """The chart's objects, rendered by Helm."""
    helm = str(programs.HELM.path)
    command = [helm, "template", "ringfence", str(CHART), "--namespace", HOME]
    command += ["--kube-version", programs.KUBERNETES, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


@pytest.fixture
def cluster(kubernetes: KubernetesServer) -> Iterator[Cluster]:
    """The administrator's view."""
    with kubernetes.admin() as admin:
        yield Cluster(admin)


@pytest.fixture
def opensearch_admin(opensearch: OpenSearchServer) -> Iterator[httpx.Client]:
    """OpenSearch, seen with the admin certificate."""
    with httpx.Client(base_url=opensearch.url, verify=opensearch.admin_context(), timeout=20) as client:
        yield client


@dataclass
class Operator:
    """A reconciler, driven by hand."""

    reconcile: Reconciler
    seen: list[Pass] = field(default_factory=list)

    async def until(self, name: str, *states: State | None, passes: int = 40) -> Pass:
        """Pass after pass until one ends in one of `states`."""
        for _ in range(passes):
            result = await self.reconcile(name)
            self.seen.append(result)
            if result.state in states:
                return result
            await asyncio.sleep(0.25)
        raise AssertionError(f"{name} did not come to {states}: {self.seen[-3:]}")


@pytest.fixture
def settings(opensearch: OpenSearchServer, redis_server: RedisServer) -> Settings:
    """Settings that name the test servers."""
    return Settings(
        platform=Platform(
            operator_namespace=HOME,
            opensearch_url=opensearch.url,
            opensearch_ca=opensearch.ca_file.read_text(),
            opensearch_replicas=0,
            redis_nodes=(f"rediss://{redis_server.host}:{redis_server.port}",),
            redis_ca=redis_server.ca_file.read_text(),
            dataplane_image="ringfence/dataplane:dev",
            image_pull_policy="IfNotPresent",
        ),
        opensearch_ca_file=str(opensearch.ca_file),
        opensearch_certificate_file=str(opensearch.admin_certificate),
        opensearch_key_file=str(opensearch.admin_key),
        redis_ca_file=str(redis_server.ca_file),
        redis_username=redis_server.username,
        redis_password=redis_server.password,
        pod_name="operator-0",
        log_format="console",
        metrics_port=9090,
        health_port=8080,
        workers=4,
    )


@pytest.fixture
async def operator(settings: Settings, kubernetes: KubernetesServer) -> AsyncIterator[Operator]:
    """A reconciler with the operator's own rights, on real servers."""
    configuration = Configuration(host=kubernetes.url, ssl_ca_cert=str(kubernetes.ca_file))
    configuration.api_key["BearerToken"] = f"Bearer {kubernetes.operator_token}"
    async with reconciler(settings, configuration) as reconcile:
        yield Operator(reconcile)


def tenant(name: str, policy: str = "Delete", **spec: Any) -> dict[str, Any]:
    """The example Tenant under another name."""
    body: dict[str, Any] = copy.deepcopy(ACME)
    body["metadata"]["name"] = name
    body["spec"] |= {"deletionPolicy": policy, **spec}
    return body
