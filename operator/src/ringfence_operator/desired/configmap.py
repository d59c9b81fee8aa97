"""The Binding as the tenant's pods get it."""

from ringfence_api import names
from ringfence_api.binding import BINDING_FILE, Binding, OpenSearchBinding, RedisBinding
from ringfence_operator.desired.binding import tenant_binding
from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.meta import Manifest, metadata

VOLUME_PATH = "/var/lib/ringfence"
"""Where the FAISS volume is mounted."""


def cluster_binding(goal: Serve) -> Binding:
    """The Binding of a tenant that is served in a cluster."""
    return tenant_binding(
        goal.tenant,
        lexical=OpenSearchBinding(
            url=goal.platform.opensearch_url,
            username=names.opensearch_user(goal.name),
            indices={kind: names.index(goal.name, kind) for kind in goal.tenant.spec.search.doc_types},
        ),
        cache=RedisBinding(
            url=goal.platform.redis_nodes[0],
            username=names.redis_user(goal.name),
            key_prefix=names.redis_key_prefix(goal.name),
        ),
        vector_directory=f"{VOLUME_PATH}/vectors",
    )


def binding_configmap(goal: Serve) -> Manifest:
    """`binding.json` and nothing else."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(goal, names.BINDING),
        "data": {BINDING_FILE: cluster_binding(goal).to_json()},
    }
