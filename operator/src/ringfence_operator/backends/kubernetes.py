"""Kubernetes as a backend: one part of a tenant's objects, written by server-side apply."""

import asyncio
from collections.abc import Callable
from typing import Any

from ringfence_operator.backends.errors import NeedsPerson
from ringfence_operator.backends.kubeclient import KubeApi, Manifest
from ringfence_operator.backends.protocol import Action, Change, Observation, Waiting
from ringfence_operator.desired.errors import Refused
from ringfence_operator.desired.goal import Goal, Gone
from ringfence_operator.desired.manifests import Part, Ref
from ringfence_operator.desired.resources import Desired, Resource

Judge = Callable[[dict[str, Manifest]], Waiting | None]
"""Says what a living tenant's objects (by `Kind/name`) still wait for, or None when they work."""


class KubernetesBackend:
    """Implements `Backend` for one `Part`."""

    def __init__(self, condition: str, client: KubeApi, part: Part, judge: Judge) -> None:
        self.condition = condition
        self._client = client
        self._part = part
        self._judge = judge

    def desired(self, goal: Goal) -> Desired:
        """The part's objects."""
        try:
            return self._part.desired(goal)
        except Refused as error:
            raise NeedsPerson(error.reason, error.message) from error

    async def observe(self, goal: Goal) -> Observation:
        """Every object of the part that exists, by name: the operator may not list Secrets."""
        inventory = self._part.inventory(goal.namespace)
        found = await asyncio.gather(*(self._read(ref) for ref in inventory))
        resources = [resource for resource in found if resource is not None]
        objects = {resource.key: dict(resource.body) for resource in resources}
        waiting = self._leaving(goal, resources) if isinstance(goal, Gone) else self._judge(objects)
        return Observation(resources, waiting)

    async def apply(self, change: Change) -> None:
        """Create, change or delete one object."""
        if change.action is Action.DELETE:
            # Foreground: the Deployment stays visible until its pods are gone, so data is not removed under them.
            propagation = "Foreground" if change.resource.kind == "Deployment" else "Background"
            await self._client.delete(change.resource.body, propagation)
        elif change.action is Action.CREATE and change.resource.kind == "Namespace":
            # Apply would take over a namespace that somebody made between our look and this request.
            await self._client.create(change.resource.body)
        else:
            await self._client.apply(change.resource.body)

    async def _read(self, ref: Ref) -> Resource | None:
        found = await self._client.get(ref.kind, ref.name, ref.namespace)
        if found is None:
            return None
        inside = f"Namespace/{ref.namespace}" if ref.namespace else ""
        terminating = "deletionTimestamp" in found["metadata"]
        # A single object comes without its kind from some servers; deletion needs it.
        return Resource(ref.kind, ref.name, {**found, "kind": ref.kind}, inside=inside, terminating=terminating)

    def _leaving(self, goal: Gone, resources: list[Resource]) -> Waiting | None:
        keep = self._part.desired(goal).keep
        staying = [resource for resource in resources if resource.kind not in keep]
        if not staying:
            return None
        return Waiting("Terminating", f"Waits for {_listed(staying)} to be deleted. {_obstacles(staying)}".strip())


def judge_foundation(objects: dict[str, Manifest]) -> Waiting | None:
    """A namespace, or something in it, that is on its way out has to be gone before it can be made anew."""
    leaving = [key for key, found in objects.items() if "deletionTimestamp" in found["metadata"]]
    if not leaving:
        return None
    return Waiting(
        "BeingDeleted", f"{', '.join(leaving)} is being deleted by somebody; it will be made anew after that."
    )


def judge_workload(objects: dict[str, Manifest]) -> Waiting | None:
    """Ready when pods of the newest template are available and none of an older one is left."""
    found = objects.get("Deployment/dataplane")
    if found is None:
        return Waiting("Missing", "The data plane's Deployment is not there yet.")
    status: dict[str, Any] = found.get("status", {})
    wanted = found["spec"].get("replicas", 1)
    total, updated = status.get("replicas", 0), status.get("updatedReplicas", 0)
    available = status.get("availableReplicas", 0)
    if status.get("observedGeneration", 0) < found["metadata"]["generation"] or updated == 0:
        return Waiting("Starting", f"The data plane's pods are being made (0 of {wanted}). {_trouble(status)}".strip())
    if total > updated:
        return Waiting("RollingOut", f"{updated} of {wanted} pods have the newest configuration.")
    if available == 0:
        return Waiting("Starting", f"None of {wanted} data-plane pods is ready yet. {_trouble(status)}".strip())
    return None


def _trouble(status: Manifest) -> str:
    """What the Deployment's own conditions complain about."""
    wrong = [
        condition.get("message", "")
        for condition in status.get("conditions", [])
        if (condition["type"], condition["status"]) in (("ReplicaFailure", "True"), ("Progressing", "False"))
    ]
    return " ".join(wrong)


def _obstacles(resources: list[Resource]) -> str:
    """What a terminating namespace says about that which holds it."""
    return " ".join(
        condition["message"]
        for resource in resources
        if resource.kind == "Namespace"
        for condition in resource.body.get("status", {}).get("conditions", [])
        if condition["status"] == "True"
    )


def _listed(resources: list[Resource]) -> str:
    outer = [resource for resource in resources if resource.kind == "Namespace"] or resources
    return ", ".join(resource.key for resource in outer)
