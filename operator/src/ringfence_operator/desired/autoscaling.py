"""How the data plane grows, shrinks, and survives maintenance of nodes."""

from ringfence_api import names
from ringfence_api.labels import dataplane_labels
from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.meta import Manifest, metadata


def autoscaler(goal: Serve) -> Manifest:
    """Doubles within 15 s under load; shrinks by half a minute after 5 quiet minutes."""
    scaling = goal.tenant.spec.scaling
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(goal, names.DATAPLANE),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": names.DATAPLANE},
            "minReplicas": scaling.min_replicas,
            "maxReplicas": scaling.max_replicas,
            "metrics": [_utilization("cpu", 70), _utilization("memory", 80)],
            "behavior": {
                "scaleUp": {
                    "stabilizationWindowSeconds": 15,
                    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
                },
                "scaleDown": {
                    "stabilizationWindowSeconds": 300,
                    "policies": [{"type": "Percent", "value": 50, "periodSeconds": 60}],
                },
            },
        },
    }


def _utilization(resource: str, percent: int) -> Manifest:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}


def disruption_budget(goal: Serve) -> Manifest:
    """One pod at a time may be evicted. `minAvailable: 1` would block a drain for a tenant of one pod."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(goal, names.DATAPLANE),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": dataplane_labels(goal.name)}},
    }
