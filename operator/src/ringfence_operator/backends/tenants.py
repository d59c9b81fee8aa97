"""The Tenant objects themselves: finalizer, status and events. Nothing is written that stands there already."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from ringfence_api.labels import API_VERSION, FIELD_MANAGER, FINALIZER, KIND
from ringfence_operator.backends.errors import ReconcileError
from ringfence_operator.backends.kubeclient import KubeApi

log = structlog.get_logger()

_EVENTS_NAMESPACE = "default"  # where Kubernetes keeps events about objects without a namespace

Body = Mapping[str, Any]


class TenantObjects:
    """Reads and writes Tenants."""

    def __init__(self, client: KubeApi, instance: str) -> None:
        self._client = client
        self._instance = instance

    async def get(self, name: str) -> dict[str, Any] | None:
        """The Tenant as it is now, or None when there is none."""
        return await self._client.get(KIND, name)

    def is_protected(self, body: Body) -> bool:
        """Whether the operator still has to clean up before the object may go."""
        return FINALIZER in body["metadata"].get("finalizers", [])

    async def protect(self, body: Body) -> None:
        """Put the finalizer on, before anything is made that would have to be removed."""
        if not self.is_protected(body):
            await self._write_finalizers(body, [*body["metadata"].get("finalizers", []), FINALIZER])

    async def release(self, body: Body) -> None:
        """Take the finalizer off, whoever else may have written it down."""
        others = [name for name in body["metadata"]["finalizers"] if name != FINALIZER]
        await self._write_finalizers(body, others)

    async def _write_finalizers(self, body: Body, finalizers: list[str]) -> None:
        # The version seen is a precondition: others keep finalizers in the same list.
        version = body["metadata"]["resourceVersion"]
        await self._client.patch(
            {**_identity(body), "metadata": {**_named(body), "resourceVersion": version, "finalizers": finalizers}}
        )

    async def write_status(self, body: Body, status: Mapping[str, Any]) -> None:
        """Write the status where it differs."""
        if body.get("status", {}) != status:
            await self._client.apply({**_identity(body), "status": dict(status)}, subresource="status")

    async def event(self, body: Body, kind: str, reason: str, message: str) -> None:
        """Post a Kubernetes event. One that cannot be posted is logged: it must not hold up the work."""
        log.info("event", tenant=body["metadata"]["name"], kind=kind, reason=reason, message=message)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{body['metadata']['name']}-", "namespace": _EVENTS_NAMESPACE},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "name": body["metadata"]["name"],
                "uid": body["metadata"]["uid"],
            },
            "type": kind,
            "reason": reason,
            "message": message[:1024],
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "source": {"component": FIELD_MANAGER},
            "reportingComponent": FIELD_MANAGER,
            "reportingInstance": self._instance,
        }
        try:
            await self._client.create(event)
        except ReconcileError as error:
            log.warning("event not posted", reason=error.reason)


def _identity(body: Body) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": _named(body)}


def _named(body: Body) -> dict[str, Any]:
    """Which object: the UID keeps a write from landing on a namesake, or from making one."""
    return {"name": body["metadata"]["name"], "uid": body["metadata"]["uid"]}
