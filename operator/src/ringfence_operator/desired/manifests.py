"""A tenant's Kubernetes objects as two lists, in the order in which they are made."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ringfence_api import names
from ringfence_api.labels import APPLIED
from ringfence_operator.desired.account import service_account
from ringfence_operator.desired.autoscaling import autoscaler, disruption_budget
from ringfence_operator.desired.configmap import binding_configmap
from ringfence_operator.desired.deployment import deployment
from ringfence_operator.desired.goal import Goal, Gone, Serve
from ringfence_operator.desired.limits import limit_range, resource_quota
from ringfence_operator.desired.meta import Manifest
from ringfence_operator.desired.namespace import namespace
from ringfence_operator.desired.network import dataplane_policy, deny_all
from ringfence_operator.desired.resources import Desired, Resource
from ringfence_operator.desired.secret import credentials_secret
from ringfence_operator.desired.service import service
from ringfence_operator.desired.volume import volume_claim

_THE_NAMESPACE = ""


@dataclass(frozen=True, slots=True)
class Ref:
    """Where one object of a tenant is found; `namespace` is empty for the namespace itself."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """Objects that are made together: kind and name of each, with the function that builds it."""

    builders: Mapping[tuple[str, str], Callable[[Serve], Manifest]]
    outlives_tenant: bool
    """Stays when a Tenant that retains its data is deleted."""

    def inventory(self, namespace: str) -> list[Ref]:
        """Every object that this part may hold in `namespace`, whether or not it exists."""
        return [
            Ref(kind, namespace, name) if name != _THE_NAMESPACE else Ref(kind, "", namespace)
            for kind, name in self.builders
        ]

    def desired(self, goal: Goal) -> Desired:
        """The objects for `goal`.

        Raises:
            ringfence_operator.desired.errors.Refused: the spec asks for something that must not be.
        """
        if isinstance(goal, Gone):
            kept = (goal.retain and self.outlives_tenant) or not goal.owns_namespace
            return Desired(keep=frozenset(kind for kind, _ in self.builders) if kept else frozenset())
        return Desired(tuple(as_resource(build(goal)) for build in self.builders.values()))


FOUNDATION = Part(
    {
        ("Namespace", _THE_NAMESPACE): namespace,
        ("NetworkPolicy", "default-deny"): deny_all,  # before the first pod can be in the namespace
        ("ResourceQuota", "tenant"): resource_quota,
        ("LimitRange", "tenant"): limit_range,
        ("ServiceAccount", names.DATAPLANE): service_account,
        ("Secret", names.CREDENTIALS): credentials_secret,
        ("PersistentVolumeClaim", names.VECTORS): volume_claim,
    },
    outlives_tenant=True,
)
"""The namespace with its fence, bounds, credentials and volume."""

WORKLOAD = Part(
    {
        ("ConfigMap", names.BINDING): binding_configmap,
        ("NetworkPolicy", names.DATAPLANE): dataplane_policy,
        ("Service", names.DATAPLANE): service,
        ("PodDisruptionBudget", names.DATAPLANE): disruption_budget,
        ("HorizontalPodAutoscaler", names.DATAPLANE): autoscaler,
        ("Deployment", names.DATAPLANE): deployment,
    },
    outlives_tenant=False,
)
"""The data plane itself. The Deployment is last to come and, in a deletion, first to go."""


def manifests(goal: Serve) -> list[Manifest]:
    """Every Kubernetes object of a tenant, in the order in which they are made."""
    return [dict(resource.body) for part in (FOUNDATION, WORKLOAD) for resource in part.desired(goal).resources]


def as_resource(manifest: Manifest) -> Resource:
    """A manifest, marked with the hash of its content."""
    content = json.dumps(manifest, sort_keys=True).encode()
    annotations = manifest["metadata"].get("annotations", {}) | {APPLIED: hashlib.sha256(content).hexdigest()}
    body = manifest | {"metadata": manifest["metadata"] | {"annotations": annotations}}
    namespace = manifest["metadata"].get("namespace", "")
    inside = f"Namespace/{namespace}" if namespace else ""
    return Resource(manifest["kind"], manifest["metadata"]["name"], body, inside=inside)
