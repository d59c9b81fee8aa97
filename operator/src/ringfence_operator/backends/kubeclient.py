"""A thin client of the Kubernetes API: plain dictionaries in and out, server-side apply, a deadline on everything.

It sends through the official client's connection, which knows kubeconfig files, service accounts and the rotation
of their tokens, and leaves out its typed models: they would drop fields that a newer server knows.
"""

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client.api_client import ApiClient

from ringfence_api.labels import API_VERSION, FIELD_MANAGER, KIND, PLURAL
from ringfence_operator.backends.errors import NeedsPerson, ReconcileError, TryLater

Manifest = dict[str, Any]

TIMEOUT_SECONDS = 10.0
"""Of one request, reading the answer included."""

_KINDS = {
    "Namespace": ("v1", "namespaces"),
    "PersistentVolume": ("v1", "persistentvolumes"),
    "ConfigMap": ("v1", "configmaps"),
    "Event": ("v1", "events"),
    "LimitRange": ("v1", "limitranges"),
    "PersistentVolumeClaim": ("v1", "persistentvolumeclaims"),
    "ResourceQuota": ("v1", "resourcequotas"),
    "Secret": ("v1", "secrets"),
    "Service": ("v1", "services"),
    "ServiceAccount": ("v1", "serviceaccounts"),
    "Deployment": ("apps/v1", "deployments"),
    "HorizontalPodAutoscaler": ("autoscaling/v2", "horizontalpodautoscalers"),
    "NetworkPolicy": ("networking.k8s.io/v1", "networkpolicies"),
    "PodDisruptionBudget": ("policy/v1", "poddisruptionbudgets"),
    KIND: (API_VERSION, PLURAL),
}


class KubeApi(Protocol):
    """Requests about the kinds that the operator knows. All of them raise `TryLater` and `NeedsPerson`."""

    async def get(self, kind: str, name: str, namespace: str = "") -> Manifest | None:
        """The object, or None when there is none."""
        ...

    async def list(self, kind: str, namespace: str = "") -> list[Manifest]:
        """All objects of a kind."""
        ...

    async def apply(self, manifest: Mapping[str, Any], subresource: str = "") -> None:
        """Server-side apply as the one field manager; a field that another manager took is taken back.

        With `metadata.uid` set, an object that was replaced meanwhile is not touched (`TryLater`).
        """
        ...

    async def patch(self, partial: Mapping[str, Any]) -> None:
        """Merge fields into an existing object; `metadata.resourceVersion`, where given, has to be the current one."""
        ...

    async def create(self, manifest: Mapping[str, Any]) -> None:
        """Create an object; one that exists already is an error (`TryLater`), and is never changed."""
        ...

    async def delete(self, found: Mapping[str, Any], propagation: str = "Background") -> None:
        """Ask for the deletion of exactly the object that was seen; one that is gone already is fine."""
        ...


class KubeClient:
    """Implements `KubeApi` over HTTP."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def get(self, kind: str, name: str, namespace: str = "") -> Manifest | None:
        return await self._send("GET", _path(kind, name, namespace), absent_is_none=True)

    async def list(self, kind: str, namespace: str = "") -> list[Manifest]:
        answer = await self._send("GET", _path(kind, "", namespace)) or {}
        items: list[Manifest] = answer.get("items", [])
        return items

    async def apply(self, manifest: Mapping[str, Any], subresource: str = "") -> None:
        path = _path_of(manifest, subresource)
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        await self._send("PATCH", path, query=query, body=manifest, content_type="application/apply-patch+yaml")

    async def patch(self, partial: Mapping[str, Any]) -> None:
        query = {"fieldManager": FIELD_MANAGER}
        await self._send(
            "PATCH", _path_of(partial), query=query, body=partial, content_type="application/merge-patch+json"
        )

    async def create(self, manifest: Mapping[str, Any]) -> None:
        path = _path(manifest["kind"], "", manifest["metadata"].get("namespace", ""))
        await self._send("POST", path, query={"fieldManager": FIELD_MANAGER}, body=manifest)

    async def delete(self, found: Mapping[str, Any], propagation: str = "Background") -> None:
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
            "preconditions": {"uid": found["metadata"]["uid"]},
        }
        await self._send("DELETE", _path_of(found), body=options, absent_is_none=True)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        absent_is_none: bool = False,
    ) -> Manifest | None:
        if query:
            path = f"{path}?{urlencode(query)}"
        try:
            serialized = await self._api.param_serialize(
                method=method,
                resource_path=path,
                header_params={"Content-Type": content_type, "Accept": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
            )
            response = await self._api.call_api(*serialized, _request_timeout=TIMEOUT_SECONDS)
            data: bytes = await response.read()  # type: ignore[no-untyped-call]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TryLater(
                "KubernetesUnavailable", f"The Kubernetes API server does not answer ({type(error).__name__})."
            ) from error
        if response.status == 404 and absent_is_none:
            return None
        answer = _decoded(data)
        if response.status >= 300:
            raise _error(response.status, answer, path, response.headers.get("Retry-After"))
        return answer


def _path_of(manifest: Mapping[str, Any], subresource: str = "") -> str:
    metadata = manifest["metadata"]
    path = _path(manifest["kind"], metadata["name"], metadata.get("namespace", ""))
    return f"{path}/{subresource}" if subresource else path


def _path(kind: str, name: str, namespace: str) -> str:
    version, plural = _KINDS[kind]
    parts = ["", "apis" if "/" in version else "api", version]
    if namespace:
        parts += ["namespaces", namespace]
    parts += [plural, name] if name else [plural]
    return "/".join(parts)


def _decoded(data: bytes) -> Manifest:
    try:
        answer = json.loads(data)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _error(status: int, answer: Manifest, path: str, retry_after: str | None) -> ReconcileError:
    """What an answer means for reconciliation."""
    # The API server quotes invalid values, and a Secret's values are nobody's business.
    message = "" if "/secrets" in path else str(answer.get("message", ""))
    said = f"The API server refused {path.split('?')[0]} with {status}: {message or answer.get('reason', 'no reason')}"
    if status == 404:
        return TryLater("NotFound", said)
    if status == 409:
        return TryLater("Conflict", said)
    if status == 403 and "is being terminated" in message:
        return TryLater("NamespaceTerminating", said)
    if status == 403 and "exceeded quota" in message:
        return NeedsPerson("QuotaExceeded", said)
    if status == 403:
        return NeedsPerson("Forbidden", f"{said}. Check the operator's ClusterRole.")
    if status in (400, 422):
        return NeedsPerson("Invalid", said)
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    return TryLater("KubernetesUnavailable", said, seconds)
