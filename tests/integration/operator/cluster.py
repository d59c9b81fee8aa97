"""What an administrator does to a cluster in these tests, and a stand-in for the nodes that it lacks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

_PLURALS = {"NetworkPolicy": "networkpolicies", "CustomResourceDefinition": "customresourcedefinitions"}
_CLUSTER_SCOPED = (
    "Namespace",
    "Tenant",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "PersistentVolume",
)


class Cluster:
    """Plain requests of the administrator."""

    def __init__(self, admin: httpx.Client) -> None:
        self.http = admin

    def apply(self, manifest: dict[str, Any]) -> httpx.Response:
        """Server-side apply as `kubectl`; the caller may expect a refusal."""
        return self.http.patch(
            _path(manifest["apiVersion"], manifest["kind"], manifest["metadata"]),
            params={"fieldManager": "kubectl", "force": "true"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            json=manifest,
        )

    def get(self, version: str, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        """The object, or None."""
        answer = self.http.get(_path(version, kind, {"name": name, "namespace": namespace}))
        if answer.status_code == 404:
            return None
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def delete(self, version: str, kind: str, name: str, namespace: str = "") -> None:
        """Ask for an object's deletion."""
        self.http.delete(_path(version, kind, {"name": name, "namespace": namespace})).raise_for_status()

    def patch(self, version: str, kind: str, name: str, namespace: str, body: Any, subresource: str = "") -> None:
        """Merge fields in, as a person with `kubectl edit` would."""
        path = _path(version, kind, {"name": name, "namespace": namespace})
        self.http.patch(
            f"{path}/{subresource}" if subresource else path,
            json=body,
            headers={"Content-Type": "application/merge-patch+json"},
        ).raise_for_status()

    def tenant(self, name: str) -> dict[str, Any]:
        """A Tenant that has to be there."""
        found = self.get("ringfence.dev/v1alpha1", "Tenant", name)
        assert found is not None, f"Tenant {name} is gone"
        return found

    def conditions(self, name: str) -> dict[str, dict[str, Any]]:
        """Conditions of a Tenant by type."""
        return {condition["type"]: condition for condition in self.tenant(name).get("status", {}).get("conditions", [])}

    def events(self, name: str) -> list[dict[str, Any]]:
        """Events about a Tenant."""
        listed = self.http.get("/api/v1/namespaces/default/events").raise_for_status().json()["items"]
        return [event for event in listed if event["involvedObject"].get("name") == name]

    def run_pods(self, namespace: str) -> None:
        """Say of every pod that it runs and is ready, as a node's kubelet would."""
        self.wait(lambda: self._pods(namespace), f"pods in {namespace}")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        ready = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("Ready", "ContainersReady")]
        for pod in self._pods(namespace):
            status = {"status": {"phase": "Running", "conditions": ready}}
            self.patch("v1", "Pod", pod["metadata"]["name"], namespace, status, "status")

    def _pods(self, namespace: str) -> list[dict[str, Any]]:
        listed = self.http.get(f"/api/v1/namespaces/{namespace}/pods").raise_for_status().json()
        items: list[dict[str, Any]] = listed["items"]
        return items

    def wait(self, holds: Callable[[], Any], what: str, seconds: float = 30) -> None:
        """Poll until `holds`."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
            time.sleep(0.1)


def _path(version: str, kind: str, metadata: dict[str, Any]) -> str:
    plural = _PLURALS.get(kind, f"{kind.lower()}s")
    prefix = f"/apis/{version}" if "/" in version else f"/api/{version}"
    scope = "" if kind in _CLUSTER_SCOPED else f"/namespaces/{metadata['namespace']}"
    return f"{prefix}{scope}/{plural}/{metadata['name']}"
