"""A Kubernetes API and a backend in memory. Both can be made to fail at any write, before or after it takes effect."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ringfence_operator.backends.errors import ReconcileError, TryLater
from ringfence_operator.backends.protocol import Action, Change, Observation
from ringfence_operator.desired.goal import Goal
from ringfence_operator.desired.resources import Desired, Resource
from tests.unit.operator.samples import CREATED

Key = tuple[str, str, str]


class Crash(BaseException):
    """The operator's process died."""


class Crashes:
    """Dies at write `at`; `late` means after the write took effect but before its answer came."""

    def __init__(self, at: int = -1, *, late: bool = False) -> None:
        self._at, self._late = at, late
        self.writes = 0

    def around(self, write: Callable[[], None]) -> None:
        """Do one write, or die."""
        number, self.writes = self.writes, self.writes + 1
        if number == self._at and not self._late:
            raise Crash
        write()
        if number == self._at:
            raise Crash


class FakeKube:
    """Implements `KubeApi`: objects, server-side apply by one manager, finalizers, and namespaces that take along."""

    def __init__(self, objects: Iterable[Mapping[str, Any]] = (), crashes: Crashes | None = None) -> None:
        self.objects: dict[Key, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.crashes = crashes or Crashes()
        self.log: list[str] = []
        self._uids = itertools.count(100)
        for found in objects:
            self.objects[_key(found)] = copy.deepcopy(dict(found))

    async def get(self, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        return copy.deepcopy(self.objects.get((kind, namespace, name)))

    async def list(self, kind: str, namespace: str = "") -> list[dict[str, Any]]:
        return [copy.deepcopy(found) for key, found in self.objects.items() if key[:2] == (kind, namespace)]

    async def apply(self, manifest: Mapping[str, Any], subresource: str = "") -> None:
        self._write(f"apply {_key(manifest)} {subresource}", lambda: self._merge(manifest))

    async def patch(self, partial: Mapping[str, Any]) -> None:
        def merge() -> None:
            finalizers = partial["metadata"]["finalizers"]
            found = self.objects[_key(partial)]
            found["metadata"]["finalizers"] = finalizers
            if not finalizers and "deletionTimestamp" in found["metadata"]:
                del self.objects[_key(partial)]

        self._write(f"patch {_key(partial)}", merge)

    async def create(self, manifest: Mapping[str, Any]) -> None:
        if manifest["kind"] == "Event":
            self.events.append(dict(manifest))
            return
        if _key(manifest) in self.objects:
            raise TryLater("Conflict", "exists")
        self._write(f"create {_key(manifest)}", lambda: self._merge(manifest))

    async def delete(self, found: Mapping[str, Any], propagation: str = "Background") -> None:
        kind, _, name = _key(found)

        def remove() -> None:
            self.objects.pop(_key(found), None)
            if kind == "Namespace":
                self.objects = {key: value for key, value in self.objects.items() if key[1] != name}

        self._write(f"delete {_key(found)}", remove)

    def ask_deletion(self, name: str) -> None:
        """What `kubectl delete tenant` does."""
        self.objects["Tenant", "", name]["metadata"]["deletionTimestamp"] = "2026-01-02T04:00:00Z"

    def run_pods(self, namespace: str) -> None:
        """The Deployment's pods become ready."""
        status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
        self.objects["Deployment", namespace, "dataplane"]["status"] = status

    def _merge(self, manifest: Mapping[str, Any]) -> None:
        fresh = {"uid": f"uid-{next(self._uids)}", "creationTimestamp": CREATED, "generation": 1}
        found = self.objects.setdefault(_key(manifest), {"metadata": fresh})
        _deep_update(found, manifest)

    def _write(self, what: str, write: Callable[[], None]) -> None:
        self.log.append(what)
        self.crashes.around(write)


class FakeBackend:
    """Implements `Backend` for any `desired` function."""

    def __init__(
        self,
        condition: str,
        desired: Callable[[Goal], Desired],
        crashes: Crashes | None = None,
        log: list[str] | None = None,
    ) -> None:
        self.condition = condition
        self.held: dict[str, Resource] = {}
        self.error: ReconcileError | None = None
        self.warnings: list[str] = []
        self.crashes = crashes or Crashes()
        self.log = log if log is not None else []
        self._desired = desired

    def desired(self, goal: Goal) -> Desired:
        return self._desired(goal)

    async def observe(self, goal: Goal) -> Observation:
        if self.error:
            raise self.error
        return Observation(list(self.held.values()), warnings=self.warnings)

    async def apply(self, change: Change) -> None:
        def write() -> None:
            if change.action is Action.DELETE:
                self.held.pop(change.resource.key, None)
            else:
                self.held[change.resource.key] = change.resource

        self.log.append(f"{self.condition}: {change}")
        self.crashes.around(write)


def _key(manifest: Mapping[str, Any]) -> Key:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def _deep_update(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    for key, value in source.items():
        if isinstance(value, Mapping) and isinstance(target.get(key), dict):
            _deep_update(target[key], value)
        else:
            target[key] = copy.deepcopy(value)
