"""The address of the data plane inside the cluster."""

from ringfence_api import names
from ringfence_api.labels import dataplane_labels
from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.meta import Manifest, metadata


def service(goal: Serve) -> Manifest:
    """A ClusterIP Service; network policies say who may call it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(goal, names.DATAPLANE, dataplane_labels(goal.name)),
        "spec": {
            "type": "ClusterIP",
            "selector": dataplane_labels(goal.name),
            "ports": [
                {"name": "http", "port": names.DATAPLANE_PORT, "protocol": "TCP", "targetPort": "http"},
            ],
        },
    }
