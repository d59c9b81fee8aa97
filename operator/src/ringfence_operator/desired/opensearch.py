"""A tenant's part of OpenSearch: indices, and one user who reaches exactly these."""

from typing import Any

from ringfence_api import names
from ringfence_api.index import index_body
from ringfence_operator.desired.credentials import fingerprint
from ringfence_operator.desired.goal import Goal, Gone, Serve
from ringfence_operator.desired.resources import Desired, Resource

INDEX = "Index"
ROLE = "Role"
ROLE_MAPPING = "RoleMapping"
USER = "InternalUser"

OWNER = "ringfence_tenant"
"""Key in an index's mapping `_meta`: the tenant it belongs to."""
PASSWORD_FINGERPRINT = "ringfence_password_sha256"  # noqa: S105 - an attribute's name
"""Attribute of the user. OpenSearch keeps a salted hash, so this is what tells a changed password."""

# One request of each kind may name several indices; OpenSearch then checks each item against the index permissions.
_COMPOSITE = ["indices:data/read/mget", "indices:data/read/msearch", "indices:data/write/bulk"]


def opensearch_resources(goal: Goal) -> Desired:
    """Indices, role, user and mapping, in the order in which they are made.

    An index stays when its document type leaves the spec: taking a line out of a file must not destroy data.
    """
    if isinstance(goal, Gone):
        return Desired(keep=frozenset({INDEX}) if goal.retain else frozenset())
    indices = tuple(_index(goal, doc_type) for doc_type in goal.tenant.spec.search.doc_types)
    return Desired((*indices, _role(goal), _user(goal), _mapping(goal)), keep=frozenset({INDEX}))


def _index(goal: Serve, doc_type: str) -> Resource:
    body = index_body(goal.platform.opensearch_replicas)
    body["settings"] = _as_reported(body["settings"])
    body["mappings"]["_meta"] = {OWNER: goal.name}
    return Resource(INDEX, names.index(goal.name, doc_type), body)


def _role(goal: Serve) -> Resource:
    exact = [names.index(goal.name, doc_type) for doc_type in goal.tenant.spec.search.doc_types]
    body = {
        "reserved": True,
        "description": f"Ringfence: what the data plane of {goal.name} may do",
        "cluster_permissions": _COMPOSITE,
        # Exact names: a pattern such as genai_acme_* would also match what others name that way.
        "index_permissions": [
            {"index_patterns": exact, "allowed_actions": ["read", "write"], "fls": [], "masked_fields": []}
        ],
        "tenant_permissions": [],
    }
    return Resource(ROLE, names.opensearch_role(goal.name), body)


def _user(goal: Serve) -> Resource:
    password = goal.credentials.opensearch_password
    body = {
        "reserved": True,  # so that the user cannot change its own password and lock the pods out
        "backend_roles": [],
        "opendistro_security_roles": [],
        "attributes": {PASSWORD_FINGERPRINT: fingerprint(password)},
    }
    return Resource(USER, names.opensearch_user(goal.name), body, write_only={"password": password})


def _mapping(goal: Serve) -> Resource:
    body = {
        "reserved": True,
        "users": [names.opensearch_user(goal.name)],
        "backend_roles": [],
        "hosts": [],
        "and_backend_roles": [],
    }
    return Resource(ROLE_MAPPING, names.opensearch_role(goal.name), body)


def _as_reported(settings: Any) -> Any:
    """Settings as OpenSearch gives them back: every leaf is a string."""
    if isinstance(settings, dict):
        return {key: _as_reported(value) for key, value in settings.items()}
    return str(settings)
