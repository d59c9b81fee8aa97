"""Cache in Redis, through the tenant's ACL user.

The user may run get, set, del, expire, mget, ping, incr, auth and hello on keys with the tenant's prefix, and
nothing else; this module needs no more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from redis.exceptions import ConnectionError as RedisDown
from redis.exceptions import TimeoutError as RedisSlow
from redis.maint_notifications import MaintNotificationsConfig

from ringfence_api.binding import REDIS_CA, REDIS_PASSWORD, RedisBinding
from ringfence_dataplane.adapters.keys import full_key
from ringfence_dataplane.credentials import Credentials
from ringfence_dataplane.ports import Unavailable
from ringfence_dataplane.resilience.breaker import Breaker, Listener, for_redis, ignore
from ringfence_dataplane.tenancy import BoundTenant

SERVICE = "redis"
DEADLINE_SECONDS = 0.5
"""Of one cache call. A cache slower than this costs more than it saves."""
MAX_CONNECTIONS = 50

T = TypeVar("T")


class RedisCache:
    """Implements `ports.Cache`. Redis down, full or refusing: `get` misses, `put` does nothing, `increment` raises."""

    def __init__(self, client: Redis, key_prefix: str, breaker: Breaker) -> None:
        self._client = client
        self._prefix = key_prefix
        self._breaker = breaker

    @classmethod
    def from_binding(cls, binding: RedisBinding, credentials: Credentials, on_event: Listener = ignore) -> Self:
        """Client of the Redis that the Binding names; connects at the first call.

        Raises:
            ringfence_dataplane.credentials.MissingCredential: no password or CA certificate.
        """
        pool = BlockingConnectionPool.from_url(
            binding.url,
            username=binding.username,
            password=credentials.text(REDIS_PASSWORD),
            max_connections=MAX_CONNECTIONS,
            timeout=DEADLINE_SECONDS,  # for a free connection
            socket_connect_timeout=DEADLINE_SECONDS,
            socket_timeout=DEADLINE_SECONDS,
            retry=Retry(NoBackoff(), 0),  # a cache is asked once
            # RESP2, no CLIENT commands: the ACL refuses them.
            protocol=2,
            driver_info=None,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            **_tls(binding.url, credentials),
        )
        return cls(Redis(connection_pool=pool), binding.key_prefix, for_redis(on_event, counts=_is_down))

    async def get(self, tenant: BoundTenant, key: str) -> bytes | None:
        """The value; None when there is none or Redis cannot say."""
        try:
            value = await self._call(lambda: self._client.get(self._full(tenant, key)))
        except Unavailable:
            return None
        return value if isinstance(value, bytes) else None

    async def put(self, tenant: BoundTenant, key: str, value: bytes, ttl_seconds: int) -> None:
        """Keep a value for `ttl_seconds`, if Redis can."""
        try:
            await self._call(lambda: self._client.set(self._full(tenant, key), value, ex=ttl_seconds))
        except Unavailable:
            return

    async def increment(self, tenant: BoundTenant, key: str, ttl_seconds: int) -> int:
        """Add one to a counter that vanishes `ttl_seconds` after its first increment.

        Raises:
            Unavailable: Redis did not answer.
        """
        full = self._full(tenant, key)

        async def counted() -> int:
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.set(full, 0, ex=ttl_seconds, nx=True)
                pipe.execute_command("INCR", full)  # `pipe.incr` sends INCRBY, which the ACL refuses
                # The counter may vanish between the two, and INCR makes one that lives for ever.
                pipe.expire(full, ttl_seconds, nx=True)
                return int((await pipe.execute())[1])

        return await self._call(counted)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    def _full(self, tenant: BoundTenant, key: str) -> str:
        return full_key(self._prefix, tenant, key)

    async def _call(self, command: Callable[[], Awaitable[T]]) -> T:
        try:
            async with self._breaker.guard(), asyncio.timeout(DEADLINE_SECONDS):
                return await command()
        except (AuthenticationError, NoPermissionError) as error:
            raise Unavailable(SERVICE, "it refuses this tenant's user") from error
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(SERVICE, type(error).__name__) from error


def _is_down(error: Exception) -> bool:
    # A refused command (memory full, say) comes from a server that is up and may well answer reads.
    return isinstance(error, RedisDown | RedisSlow | OSError)


def _tls(url: str, credentials: Credentials) -> dict[str, object]:
    if not url.startswith("rediss://"):
        raise ValueError("the cache's url must start with rediss:// : credentials and answers never travel in clear")
    return {
        "connection_class": SSLConnection,
        "ssl_cert_reqs": "required",
        "ssl_check_hostname": True,
        "ssl_ca_certs": str(credentials.path(REDIS_CA)),
    }
