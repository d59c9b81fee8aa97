"""One Redis node as a backend: ACL users neither persist nor replicate, so every node is looked after by itself."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import TimeoutError as TooSlow

from ringfence_api import names
from ringfence_operator.backends.errors import NeedsPerson, TryLater
from ringfence_operator.backends.protocol import Action, Change, Observation
from ringfence_operator.desired.goal import Goal, Gone
from ringfence_operator.desired.redis import ACL_USER, KEYS, redis_resources
from ringfence_operator.desired.resources import Desired, Resource

TIMEOUT_SECONDS = 5.0
"""Of one command."""
_KEYS_AT_ONCE = 1000
"""Removed by one UNLINK; also how many entries one SCAN looks at, which keeps either below a millisecond or so."""


def redis_client(url: str, ca_file: str, username: str, password: str) -> Redis:
    """A client of one node as the platform's admin user. The caller closes it."""
    parts = urlsplit(url)
    return Redis(
        host=parts.hostname or "",
        port=parts.port or 6379,
        username=username,
        password=password,
        ssl=True,
        ssl_cert_reqs="required",
        ssl_check_hostname=True,
        ssl_ca_certs=ca_file,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        decode_responses=True,
        protocol=2,
        retry=Retry(NoBackoff(), 0),  # reconciliation tries again, with a growing pause
    )


class RedisBackend:
    """Implements `Backend` for one node."""

    condition = "RedisReady"

    def __init__(self, client: Redis, url: str) -> None:
        self._command: Callable[..., Awaitable[Any]] = client.execute_command
        parts = urlsplit(url)
        self._node = f"{parts.hostname}:{parts.port or 6379}"

    def desired(self, goal: Goal) -> Desired:
        """The tenant's user on this node."""
        return redis_resources(goal)

    async def observe(self, goal: Goal) -> Observation:
        """The user; for a tenant that goes with its data also keys of it, as many as one step removes."""
        found = []
        user = names.redis_user(goal.name)
        acl = await self._send("ACL", "GETUSER", user)
        if acl is not None:
            found.append(Resource(ACL_USER, user, _as_desired(acl)))
        if isinstance(goal, Gone) and not goal.retain and (keys := await self._keys(goal.name)):
            found.insert(0, Resource(KEYS, names.redis_key_prefix(goal.name), {"names": keys}))
        return Observation(found)

    async def apply(self, change: Change) -> None:
        """One command."""
        resource = change.resource
        if resource.kind == KEYS:
            await self._send("UNLINK", *resource.body["names"])
        elif change.action is Action.DELETE:
            # Unlike switching the user off this also cuts its sessions.
            await self._send("ACL", "DELUSER", resource.name)
        else:
            await self._send("ACL", "SETUSER", resource.name, *_rules(resource))

    async def _keys(self, tenant: str) -> list[str]:
        """Some keys of the tenant; none on a replica, which takes no writes and follows its primary."""
        role = await self._send("ROLE")
        if role and role[0] != "master":
            return []
        pattern = f"{names.redis_key_prefix(tenant)}*"
        found: list[str] = []
        cursor = 0
        while True:
            cursor, batch = await self._send("SCAN", cursor, "MATCH", pattern, "COUNT", _KEYS_AT_ONCE)
            found += batch
            if cursor == 0 or len(found) >= _KEYS_AT_ONCE:
                return found

    async def _send(self, *words: str | int) -> Any:
        try:
            return await self._command(*words)
        except (AuthenticationError, NoPermissionError) as error:
            raise NeedsPerson(
                "RedisForbidden",
                f"Redis at {self._node} refuses the operator's admin user ({type(error).__name__}). "
                "Check the Secret with its name and password, and that its ACL has `+acl +role +scan +unlink ~*`.",
            ) from None
        except (Unreachable, TooSlow, OSError) as error:
            raise TryLater(
                "RedisUnavailable",
                f"Redis at {self._node} does not answer ({type(error).__name__}). It is tried again.",
            ) from None
        except ResponseError as error:
            # Only the first word: Redis quotes the offending argument, which may be a password hash.
            raise TryLater("RedisRefused", f"Redis at {self._node} answers {str(error).split(' ')[0]}.") from None
        except RedisError as error:
            raise TryLater("RedisUnavailable", f"Redis at {self._node}: {type(error).__name__}.") from None


def _rules(user: Resource) -> list[str]:
    """Arguments of ACL SETUSER. `reset` first: rules add up, and what a user had before is not to be trusted."""
    body = user.body
    passwords = [f"#{digest}" for digest in body["passwords"]]
    return ["reset", *passwords, *body["keys"], "resetchannels", *body["channels"], *body["commands"], "on"]


def _as_desired(acl: Any) -> dict[str, Any]:
    """An answer of ACL GETUSER in the form in which `redis_resources` states its wish."""
    fields = acl if isinstance(acl, dict) else dict(zip(acl[::2], acl[1::2], strict=True))
    flags = fields.get("flags", [])
    commands = _words(fields.get("commands")) + _words(fields.get("categories"))
    return {
        # `nopass` would accept any password, whatever the list of passwords says.
        "enabled": "on" in flags and "nopass" not in flags,
        "passwords": list(fields.get("passwords", [])),
        "commands": ["-@all", *sorted(word for word in commands if word != "-@all")],
        "keys": _words(fields.get("keys")),
        "channels": _words(fields.get("channels")),
        "selectors": list(fields.get("selectors", [])),
    }


def _words(value: Any) -> list[str]:
    return value.split() if isinstance(value, str) else list(value or [])
