"""Whose namespace it is: one that exists is only used when this Tenant made it, or a retaining deletion left it.

Labels alone prove little, since whoever prepares a namespace can write them. A namespace of ours carries the
Tenant's UID and is not older than the Tenant; a retained one is known by its own UID, which the operator noted
in its own namespace when the former Tenant went.
"""

from enum import Enum

from ringfence_api import names
from ringfence_api.labels import TENANT_UID, tenant_labels
from ringfence_api.tenant import Metadata
from ringfence_operator.backends.kubeclient import KubeApi, Manifest

_NAMESPACE_UID = "namespaceUid"


class Owner(Enum):
    """Answer to: whose is the namespace of this tenant's name?"""

    NOBODY = "there is none"
    TENANT = "this Tenant's"
    FOREIGN = "somebody else's"


class Ownership:
    """Reads and keeps the notes about retained namespaces (one ConfigMap each, in the operator's namespace)."""

    def __init__(self, client: KubeApi, operator_namespace: str) -> None:
        self._client = client
        self._home = operator_namespace

    async def of_namespace(self, tenant: Metadata) -> Owner:
        """Whose namespace it is."""
        namespace = await self._client.get("Namespace", names.namespace(tenant.name))
        if namespace is None:
            return Owner.NOBODY
        if _was_made_for(namespace, tenant):
            return Owner.TENANT
        note = await self._client.get("ConfigMap", names.retained(tenant.name), self._home)
        noted = (note or {}).get("data", {}).get(_NAMESPACE_UID)
        return Owner.TENANT if noted == namespace["metadata"]["uid"] else Owner.FOREIGN

    async def note_retained(self, tenant: str) -> None:
        """Note which namespace a deleted Tenant leaves, so that the next one of its name takes it up again."""
        namespace = await self._client.get("Namespace", names.namespace(tenant))
        if namespace is None:
            return
        await self._client.apply(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": names.retained(tenant),
                    "namespace": self._home,
                    "labels": tenant_labels(tenant),
                },
                "data": {_NAMESPACE_UID: namespace["metadata"]["uid"]},
            }
        )

    async def forget(self, tenant: str) -> None:
        """Remove the note: nothing is left that a later Tenant could take up."""
        note = await self._client.get("ConfigMap", names.retained(tenant), self._home)
        if note is not None:
            await self._client.delete({**note, "kind": "ConfigMap"})


def _was_made_for(namespace: Manifest, tenant: Metadata) -> bool:
    metadata = namespace["metadata"]
    made_for = metadata.get("labels", {}).get(TENANT_UID)
    # Both are written by the API server in the same UTC format, so text compares as time does.
    return bool(
        tenant.uid and made_for == tenant.uid and metadata["creationTimestamp"] >= tenant.creation_timestamp > ""
    )
