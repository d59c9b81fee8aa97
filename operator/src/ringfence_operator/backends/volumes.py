"""Persistent volumes of a deleted tenant: nothing is done to them, but the Tenant is not gone before they are."""

from ringfence_operator.backends.kubeclient import KubeApi, Manifest
from ringfence_operator.backends.protocol import Change, Observation, Waiting
from ringfence_operator.desired.goal import Goal, Gone
from ringfence_operator.desired.resources import Desired


class VolumesBackend:
    """Implements `Backend`. The cluster's provisioner removes a volume after its claim; this waits for it."""

    def __init__(self, condition: str, client: KubeApi) -> None:
        self.condition = condition
        self._client = client

    def desired(self, _: Goal) -> Desired:
        """Nothing: volumes are made and removed by the cluster."""
        return Desired()

    async def observe(self, goal: Goal) -> Observation:
        """What is left of the volumes of a tenant that goes with its data."""
        if not isinstance(goal, Gone) or goal.retain or not goal.owns_namespace:
            return Observation()
        left = [volume for volume in await self._client.list("PersistentVolume") if _claimed_in(volume, goal.namespace)]
        going = [volume["metadata"]["name"] for volume in left if _is_removed_by_the_cluster(volume)]
        staying = [volume["metadata"]["name"] for volume in left if not _is_removed_by_the_cluster(volume)]
        warnings = [
            f"Volume {name} still holds the tenant's data: its storage class retains volumes. Delete it by hand."
            for name in staying
        ]
        waiting = None
        if going:
            waiting = Waiting("Terminating", f"Waits for the storage provisioner to remove volume {', '.join(going)}.")
        return Observation((), waiting, warnings)

    async def apply(self, change: Change) -> None:
        """Never called: `desired` and `observe` name no resources."""
        raise AssertionError(f"volumes are not changed: {change}")


def _claimed_in(volume: Manifest, namespace: str) -> bool:
    return bool(volume["spec"].get("claimRef", {}).get("namespace") == namespace)


def _is_removed_by_the_cluster(volume: Manifest) -> bool:
    return bool(volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete")
