"""Bounds of a tenant's namespace, so that no tenant can eat up the cluster."""

from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.meta import Manifest, metadata
from ringfence_operator.desired.quantity import multiplied

_NAME = "tenant"


def resource_quota(goal: Serve) -> Manifest:
    """Room for every pod that autoscaling may ask for, twice: during a rollout the old ones still count."""
    scaling = goal.tenant.spec.scaling
    pods = 2 * scaling.max_replicas
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": metadata(goal, _NAME),
        "spec": {
            "hard": {
                "pods": str(pods),
                "requests.cpu": multiplied(scaling.cpu, pods),
                "requests.memory": multiplied(scaling.memory, pods),
                "limits.memory": multiplied(scaling.memory, pods),
                "persistentvolumeclaims": "1",
                "services.nodeports": "0",
                "services.loadbalancers": "0",
            }
        },
    }


def limit_range(goal: Serve) -> Manifest:
    """Defaults for a container that names no resources, since the quota refuses such a one."""
    scaling = goal.tenant.spec.scaling
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": metadata(goal, _NAME),
        "spec": {
            "limits": [
                {
                    "type": "Container",
                    "default": {"memory": multiplied(scaling.memory)},
                    "defaultRequest": {"cpu": multiplied(scaling.cpu), "memory": multiplied(scaling.memory)},
                }
            ]
        },
    }
