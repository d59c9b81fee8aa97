"""Promise: a Tenant's whole life, from the first pass to the last trace, on real servers."""

from __future__ import annotations

import base64
import time
from typing import Any

import httpx
import pytest
import redis

from ringfence_operator.reconcile.results import State
from tests.integration.operator.cluster import Cluster
from tests.integration.operator.conftest import HOME, Operator, tenant
from tests.servers import OpenSearchServer, RedisServer
from tests.servers.kubernetes_server import KubernetesServer

WRITES = ("create", "update", "patch", "delete", "deletecollection")


async def serve(operator: Operator, cluster: Cluster, body: dict[str, Any]) -> str:
    """Apply a Tenant and bring it to Ready."""
    name: str = body["metadata"]["name"]
    cluster.apply(body).raise_for_status()
    await operator.until(name, State.WAITING)
    cluster.run_pods(f"tenant-{name}")
    await operator.until(name, State.READY)
    return name


def secret(cluster: Cluster, name: str) -> dict[str, str]:
    found = cluster.get("v1", "Secret", "credentials", f"tenant-{name}")
    assert found is not None
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


async def test_an_applied_tenant_gets_everything_and_becomes_ready(
    operator: Operator, cluster: Cluster, opensearch: OpenSearchServer, redis_server: RedisServer
) -> None:
    name = await serve(operator, cluster, tenant("living"))

    found = cluster.tenant(name)
    conditions = cluster.conditions(name)
    assert {kind: condition["status"] for kind, condition in conditions.items()} == {
        "Ready": "True",
        "Reconciling": "False",
        "Stalled": "False",
        "NamespaceReady": "True",
        "OpenSearchReady": "True",
        "RedisReady": "True",
        "DataPlaneReady": "True",
    }
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"]
    assert found["status"]["endpoint"] == f"http://dataplane.tenant-{name}.svc:8000"
    held = secret(cluster, name)
    with httpx.Client(base_url=opensearch.url, verify=opensearch.context(), timeout=20) as http:
        own = http.get(f"/genai_{name}_handbook/_search", auth=(f"ringfence-{name}-a", held["opensearch-password"]))
        assert own.status_code == 200, own.text
    with redis_server.client(f"ringfence-{name}-a", held["redis-password"]) as client:
        assert client.set(f"{name}:key", "value")
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.get("other:key")


async def test_a_steady_tenant_costs_no_write(
    operator: Operator, cluster: Cluster, kubernetes: KubernetesServer
) -> None:
    name = await serve(operator, cluster, tenant("steady"))
    before = sum(1 for entry in kubernetes.requests() if entry["verb"] in WRITES)

    for _ in range(3):
        assert (await operator.reconcile(name)).state is State.READY

    written = [entry["requestURI"] for entry in kubernetes.requests() if entry["verb"] in WRITES][before:]
    assert written == []


async def test_what_somebody_changes_is_put_back_and_told(
    operator: Operator,
    cluster: Cluster,
    opensearch_admin: httpx.Client,
    redis_server: RedisServer,
) -> None:
    name = await serve(operator, cluster, tenant("drifting"))
    namespace = f"tenant-{name}"
    before = secret(cluster, name)
    role = f"/_plugins/_security/api/roles/ringfence-{name}"
    wanted = opensearch_admin.get(role).json()

    cluster.delete("networking.k8s.io/v1", "NetworkPolicy", "default-deny", namespace)
    widened = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}
    cluster.patch("v1", "Namespace", namespace, "", widened)
    open_to_all: dict[str, Any] = {"spec": {"ingress": [{}]}}
    cluster.patch("networking.k8s.io/v1", "NetworkPolicy", "dataplane", namespace, open_to_all)
    body = {"reserved": True, "index_permissions": [{"index_patterns": ["*"], "allowed_actions": ["read"]}]}
    opensearch_admin.put(role, json=body).raise_for_status()
    with redis_server.client() as client:
        client.acl_deluser(f"ringfence-{name}-a")

    result = await operator.reconcile(name)

    assert result.state is State.READY
    assert result.repaired == 5
    policy = cluster.get("networking.k8s.io/v1", "NetworkPolicy", "dataplane", namespace)
    assert policy is not None
    assert policy["spec"]["ingress"] != [{}]
    assert cluster.get("networking.k8s.io/v1", "NetworkPolicy", "default-deny", namespace)
    restored = cluster.get("v1", "Namespace", namespace)
    assert restored is not None
    assert restored["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert opensearch_admin.get(role).json() == wanted
    with redis_server.client(f"ringfence-{name}-a", before["redis-password"]) as client:
        assert client.ping()
    assert secret(cluster, name) == before
    told = [event for event in cluster.events(name) if event["reason"] == "Repaired"]
    assert len(told) == 1
    assert f"Role/ringfence-{name}" in told[0]["message"]


async def test_fields_that_others_own_are_left_alone(operator: Operator, cluster: Cluster) -> None:
    name = await serve(operator, cluster, tenant("shared"))
    namespace = f"tenant-{name}"
    cluster.patch("apps/v1", "Deployment", "dataplane", namespace, {"spec": {"replicas": 3}})
    cluster.patch("v1", "Service", "dataplane", namespace, {"metadata": {"annotations": {"mesh": "on"}}})

    await operator.reconcile(name)

    deployment = cluster.get("apps/v1", "Deployment", "dataplane", namespace)
    service = cluster.get("v1", "Service", "dataplane", namespace)
    assert deployment is not None
    assert service is not None
    assert deployment["spec"]["replicas"] == 3
    assert service["metadata"]["annotations"]["mesh"] == "on"


async def test_delete_leaves_nothing_behind(
    operator: Operator, cluster: Cluster, opensearch_admin: httpx.Client, redis_server: RedisServer
) -> None:
    name = await serve(operator, cluster, tenant("ephemeral"))
    opensearch_admin.post(f"/genai_{name}_handbook/_doc?refresh=true", json={"tenant_id": name}).raise_for_status()
    with redis_server.client() as client:
        client.mset({f"{name}:{number}": "cached" for number in range(2500)})

    cluster.delete("ringfence.dev/v1alpha1", "Tenant", name)
    await operator.until(name, None)

    assert cluster.get("ringfence.dev/v1alpha1", "Tenant", name) is None
    assert cluster.get("v1", "Namespace", f"tenant-{name}") is None
    assert cluster.get("v1", "ConfigMap", f"retained-{name}", HOME) is None
    assert opensearch_admin.get(f"/genai_{name}_*?expand_wildcards=all").json() == {}
    for kind, entry in (("roles", ""), ("rolesmapping", ""), ("internalusers", "-a")):
        path = f"/_plugins/_security/api/{kind}/ringfence-{name}{entry}"
        assert opensearch_admin.get(path).status_code == 404
    with redis_server.client() as client:
        assert client.acl_getuser(f"ringfence-{name}-a") is None
        assert list(client.scan_iter(f"{name}:*", count=1000)) == []


async def test_retain_keeps_data_and_credentials_for_a_tenant_of_the_same_name(
    operator: Operator, cluster: Cluster, opensearch_admin: httpx.Client, redis_server: RedisServer
) -> None:
    name = await serve(operator, cluster, tenant("keeping", "Retain"))
    document = f"/genai_{name}_handbook/_doc/1"
    opensearch_admin.put(f"{document}?refresh=true", json={"tenant_id": name}).raise_for_status()
    before = secret(cluster, name)

    cluster.delete("ringfence.dev/v1alpha1", "Tenant", name)
    await operator.until(name, None)

    assert cluster.get("ringfence.dev/v1alpha1", "Tenant", name) is None
    assert cluster.get("apps/v1", "Deployment", "dataplane", f"tenant-{name}") is None
    assert cluster.get("v1", "PersistentVolumeClaim", "vectors", f"tenant-{name}") is not None
    assert opensearch_admin.get(f"/_plugins/_security/api/internalusers/ringfence-{name}-a").status_code == 404
    with redis_server.client() as client:
        assert client.acl_getuser(f"ringfence-{name}-a") is None

    await serve(operator, cluster, tenant(name, "Delete"))

    assert opensearch_admin.get(document).json()["found"]
    assert secret(cluster, name) == before
    cluster.delete("ringfence.dev/v1alpha1", "Tenant", name)
    await operator.until(name, None)
    assert cluster.get("v1", "Namespace", f"tenant-{name}") is None
    assert cluster.get("v1", "ConfigMap", f"retained-{name}", HOME) is None


@pytest.mark.parametrize("forged", [False, True], ids=["unlabelled", "labelled-like-ours"])
async def test_a_namespace_that_was_there_before_is_never_taken_over(
    operator: Operator, cluster: Cluster, forged: bool
) -> None:
    name = f"squatted-{'forged' if forged else 'plain'}"
    squat = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"tenant-{name}", "labels": {"mine": "yes"}}}
    cluster.apply(squat).raise_for_status()
    time.sleep(1.1)  # the API server writes times in whole seconds
    cluster.apply(tenant(name)).raise_for_status()
    if forged:
        labels = {"ringfence.dev/tenant": name, "ringfence.dev/tenant-uid": cluster.tenant(name)["metadata"]["uid"]}
        cluster.patch("v1", "Namespace", f"tenant-{name}", "", {"metadata": {"labels": labels}})

    assert (await operator.reconcile(name)).state is State.STALLED

    stalled = cluster.conditions(name)["Stalled"]
    assert (stalled["status"], stalled["reason"]) == ("True", "NameConflict")
    assert cluster.get("v1", "Secret", "credentials", f"tenant-{name}") is None
    cluster.delete("ringfence.dev/v1alpha1", "Tenant", name)
    await operator.until(name, None)
    kept = cluster.get("v1", "Namespace", f"tenant-{name}")
    assert kept is not None
    assert "deletionTimestamp" not in kept["metadata"]


async def test_an_index_that_is_not_this_tenants_is_neither_used_nor_deleted(
    operator: Operator, cluster: Cluster, opensearch_admin: httpx.Client
) -> None:
    opensearch_admin.put("/genai_unlucky_handbook").raise_for_status()
    cluster.apply(tenant("unlucky")).raise_for_status()

    await operator.until("unlucky", State.STALLED)

    conditions = cluster.conditions("unlucky")
    assert conditions["OpenSearchReady"]["reason"] == "NameConflict"
    assert "genai_unlucky_handbook" in conditions["Stalled"]["message"]
    opensearch_admin.delete("/genai_unlucky_handbook").raise_for_status()
    await operator.until("unlucky", State.WAITING)


async def test_a_deletion_that_waits_says_for_what(
    operator: Operator, cluster: Cluster, opensearch: OpenSearchServer
) -> None:
    name = await serve(operator, cluster, tenant("leaving"))
    cluster.patch("v1", "ConfigMap", "binding", f"tenant-{name}", {"metadata": {"finalizers": ["example.com/hold"]}})
    cluster.delete("ringfence.dev/v1alpha1", "Tenant", name)

    await operator.until(name, State.WAITING)
    for _ in range(3):
        await operator.reconcile(name)

    ready = cluster.conditions(name)["Ready"]
    assert ready["reason"] == "Deleting"
    assert "ConfigMap/binding" in ready["message"]
    cluster.patch("v1", "ConfigMap", "binding", f"tenant-{name}", {"metadata": {"finalizers": None}})
    await operator.until(name, None)
