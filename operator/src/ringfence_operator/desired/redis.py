"""A tenant's part of one Redis node: a user who may run a few commands on keys of its own prefix."""

from ringfence_api import names
from ringfence_operator.desired.credentials import fingerprint
from ringfence_operator.desired.goal import Goal, Gone
from ringfence_operator.desired.resources import Desired, Resource

ACL_USER = "AclUser"
KEYS = "Keys"

# By name, never by category: +@read would bring SCAN and KEYS, which show everybody's key names.
COMMANDS = ("auth", "del", "expire", "get", "hello", "incr", "mget", "ping", "set")


def redis_resources(goal: Goal) -> Desired:
    """The ACL user. Keys are never made here; they stay unless the tenant goes with its data."""
    if isinstance(goal, Gone):
        return Desired(keep=frozenset({KEYS}) if goal.retain else frozenset())
    prefix = names.redis_key_prefix(goal.name)
    body = {
        "enabled": True,
        "passwords": [fingerprint(goal.credentials.redis_password)],
        "commands": ["-@all", *(f"+{command}" for command in COMMANDS)],
        "keys": [f"~{prefix}*"],
        "channels": [f"&{prefix}*"],
        "selectors": [],
    }
    return Desired((Resource(ACL_USER, names.redis_user(goal.name), body),), keep=frozenset({KEYS}))
