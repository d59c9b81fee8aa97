"""The tenant's namespace: pods in it have to meet the restricted Pod Security profile."""

from ringfence_api.labels import TENANT_UID, tenant_labels
from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.meta import Manifest

_POD_SECURITY = {
    f"pod-security.kubernetes.io/{mode}{suffix}": value
    for mode in ("enforce", "audit", "warn")
    for suffix, value in (("", "restricted"), ("-version", "latest"))
}


def namespace(goal: Serve) -> Manifest:
    """The namespace, labelled with the UID of its owner so that a namesake never takes it over."""
    owner = {TENANT_UID: goal.tenant.metadata.uid}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": goal.namespace, "labels": {**tenant_labels(goal.name), **_POD_SECURITY, **owner}},
    }
