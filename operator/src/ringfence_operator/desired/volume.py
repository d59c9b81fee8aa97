"""The volume on which the data plane keeps its FAISS segments."""

from ringfence_api import names
from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.meta import Manifest, metadata
from ringfence_operator.desired.quantity import multiplied


def volume_claim(goal: Serve) -> Manifest:
    """ReadWriteOnce, which every storage class offers: the pods therefore share a node (see deployment.py)."""
    storage = goal.tenant.spec.storage
    chosen = {} if storage.storage_class_name is None else {"storageClassName": storage.storage_class_name}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(goal, names.VECTORS),
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": multiplied(storage.size)}},
            **chosen,
        },
    }
