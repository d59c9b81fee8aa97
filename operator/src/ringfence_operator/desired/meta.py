"""Metadata that every Kubernetes object of a tenant has."""

from typing import Any

from ringfence_api.labels import tenant_labels
from ringfence_operator.desired.goal import Serve

Manifest = dict[str, Any]


def metadata(goal: Serve, name: str, labels: dict[str, str] | None = None) -> Manifest:
    """Name, namespace and labels of an object in the tenant's namespace."""
    return {"name": name, "namespace": goal.namespace, "labels": {**tenant_labels(goal.name), **(labels or {})}}
