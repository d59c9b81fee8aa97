"""Promise: `deletionPolicy: Delete` leaves nothing behind, and `Retain` loses nothing."""

import copy
from pathlib import Path
from typing import Any

import yaml

from e2e.kubectl import Kubectl, eventually
from e2e.opensearch_admin import opensearch_admin, opensearch_leftovers, redis_admin, redis_leftovers
from e2e.tenants import EXAMPLES, TenantClient, conditions, dataplane, token

FACT = {
    "id": "vault",
    "title": "Vault",
    "doc_type": "handbook",
    "content_type": "text/markdown",
    "content": "# Vault\n\nThe vault of the Marmot office opens at 07:43 every weekday.",
}
QUESTION = "When does the vault of the Marmot office open?"


def small_tenant(name: str, policy: str) -> dict[str, Any]:
    """A Tenant of one pod, so that the test costs little."""
    body: dict[str, Any] = yaml.safe_load((EXAMPLES / "tenants" / "acme.yaml").read_text())
    body = copy.deepcopy(body)
    body["metadata"]["name"] = name
    body["spec"]["deletionPolicy"] = policy
    body["spec"].setdefault("scaling", {})["minReplicas"] = 1
    return body


def apply_and_wait(kubectl: Kubectl, body: dict[str, Any]) -> None:
    """Apply a Tenant and wait as a person would."""
    kubectl.apply(body)
    kubectl("wait", "--for=condition=Ready", f"tenant/{body['metadata']['name']}", "--timeout=180s", timeout=200)


def test_delete_leaves_nothing_in_kubernetes_opensearch_redis_or_on_the_volume(ready: Kubectl, tmp_path: Path) -> None:
    name = "ephemera"
    apply_and_wait(ready, small_tenant(name, "Delete"))
    with dataplane(ready, name) as http:
        app = TenantClient(http, name, token(ready, name))
        app.ingest(FACT).raise_for_status()
        assert "07:43" in app.ask(QUESTION).raise_for_status().json()["sources"][0]["content"]
    volume = ready.get("-n", f"tenant-{name}", "pvc", "vectors")["spec"]["volumeName"]
    with opensearch_admin(ready, tmp_path) as admin, redis_admin(ready) as redis:
        assert opensearch_leftovers(admin, name), "the check would find nothing even before deletion"
        assert redis_leftovers(redis, name), "the check would find nothing even before deletion"

        ready("delete", "tenant", name, "--timeout=180s", timeout=200)

        assert opensearch_leftovers(admin, name) == []
        assert redis_leftovers(redis, name) == []
    assert not ready.exists("namespace", f"tenant-{name}")
    eventually(lambda: not ready.exists("persistentvolume", volume), "the volume and its data are gone", seconds=60)


def test_retain_keeps_the_data_and_a_new_tenant_of_the_name_takes_it_up_again(ready: Kubectl, tmp_path: Path) -> None:
    name = "keeper"
    body = small_tenant(name, "Retain")
    apply_and_wait(ready, body)
    with dataplane(ready, name) as http:
        TenantClient(http, name, token(ready, name)).ingest(FACT).raise_for_status()

    ready("delete", "tenant", name, "--timeout=180s", timeout=200)

    assert not ready.exists("tenant", name)
    assert not ready.exists("-n", f"tenant-{name}", "deployment", "dataplane")
    with opensearch_admin(ready, tmp_path) as admin, redis_admin(ready) as redis:
        assert admin.get(f"/genai_{name}_handbook/_count").json()["count"] > 0
        kept = opensearch_leftovers(admin, name)
        assert all(item.startswith("index ") for item in kept), f"access outlived the tenant: {kept}"
        assert not any(item.startswith("user ") for item in redis_leftovers(redis, name))

    apply_and_wait(ready, body)
    with dataplane(ready, name) as http:
        app = TenantClient(http, name, token(ready, name))
        assert "07:43" in app.ask(QUESTION).raise_for_status().json()["sources"][0]["content"]
    body["spec"]["deletionPolicy"] = "Delete"
    ready.apply(body)
    ready("delete", "tenant", name, "--timeout=180s", timeout=200)
    with opensearch_admin(ready, tmp_path) as admin:
        assert opensearch_leftovers(admin, name) == []


def test_a_namespace_that_somebody_else_made_is_never_taken_over(ready: Kubectl) -> None:
    name = "squatted"
    ready.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"tenant-{name}", "labels": {"mine": "yes"}}}
    )
    try:
        ready.apply(small_tenant(name, "Delete"))

        def stalled() -> bool:
            found = conditions(ready, name).get("Stalled", {})
            return found.get("status") == "True" and found.get("reason") == "NameConflict"

        eventually(stalled, "Stalled, NameConflict", seconds=60)
        assert not ready.exists("-n", f"tenant-{name}", "secret", "credentials")
        ready("delete", "tenant", name, "--timeout=90s", timeout=100)
        assert ready.get("namespace", f"tenant-{name}")["metadata"]["labels"]["mine"] == "yes"
        assert "deletionTimestamp" not in ready.get("namespace", f"tenant-{name}")["metadata"]
    finally:
        ready("delete", "namespace", f"tenant-{name}", "--ignore-not-found", timeout=90)
