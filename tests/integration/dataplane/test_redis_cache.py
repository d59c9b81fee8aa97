"""The cache on a real Redis, through a user with exactly the tenant's ACL."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ringfence_api.binding import REDIS_CA, REDIS_PASSWORD, RedisBinding
from ringfence_dataplane.adapters.redis_cache import RedisCache
from ringfence_dataplane.credentials import Credentials
from ringfence_dataplane.ports import Unavailable
from tests.servers import RedisServer
from tests.unit.dataplane.sample import caller

USER, PASSWORD = "ringfence-cachetest-a", "a-password-of-the-test"
COMMANDS = ["+get", "+set", "+del", "+expire", "+mget", "+ping", "+incr", "+auth", "+hello"]
MakeCache = Callable[[str], RedisCache]


@pytest.fixture
async def make_cache(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[MakeCache]:
    acl = ["reset", "on", f">{PASSWORD}", "~cachetest:*", "resetchannels", *COMMANDS]
    with redis_server.client() as admin:
        admin.execute_command("ACL", "SETUSER", USER, *acl)
    (tmp_path / REDIS_PASSWORD).write_text(PASSWORD)
    (tmp_path / REDIS_CA).write_bytes(redis_server.ca_file.read_bytes())
    made: list[RedisCache] = []

    def make(prefix: str) -> RedisCache:
        url = f"rediss://{redis_server.host}:{redis_server.port}"
        binding = RedisBinding(url=url, username=USER, key_prefix=prefix)
        made.append(RedisCache.from_binding(binding, Credentials(tmp_path)))
        return made[-1]

    yield make
    for cache in made:
        await cache.close()
    with redis_server.client() as admin:
        admin.execute_command("ACL", "DELUSER", USER)


async def test_a_value_goes_in_and_comes_out_under_the_tenants_prefix(
    make_cache: MakeCache, redis_server: RedisServer
) -> None:
    cache = make_cache("cachetest:")
    assert await cache.get(caller("cachetest"), "query:none") is None
    await cache.put(caller("cachetest"), "query:1", b"\x00\xff", 60)
    assert await cache.get(caller("cachetest"), "query:1") == b"\x00\xff"
    with redis_server.client() as admin:
        assert 0 < admin.ttl("cachetest:query:1") <= 60


async def test_counting_needs_no_more_than_the_acl_allows_and_always_expires(
    make_cache: MakeCache, redis_server: RedisServer
) -> None:
    cache = make_cache("cachetest:")
    assert [await cache.increment(caller("cachetest"), "n", 60) for _ in range(3)] == [1, 2, 3]
    with redis_server.client() as admin:
        assert 0 < admin.ttl("cachetest:n") <= 60
        admin.persist("cachetest:n")
        assert await cache.increment(caller("cachetest"), "n", 60) == 4
        assert 0 < admin.ttl("cachetest:n") <= 60


async def test_a_foreign_prefix_is_refused_by_redis_itself(make_cache: MakeCache, redis_server: RedisServer) -> None:
    with redis_server.client() as admin:
        admin.set("globex:query:1", "secret")
    cache = make_cache("globex:")
    assert await cache.get(caller("globex"), "query:1") is None
    with pytest.raises(Unavailable, match="refuses"):
        await cache.increment(caller("globex"), "n", 60)


async def test_redis_down_is_a_miss_and_heals_by_itself(make_cache: MakeCache, redis_server: RedisServer) -> None:
    cache = make_cache("cachetest:")
    await cache.put(caller("cachetest"), "query:1", b"value", 60)
    redis_server.stop()
    try:
        assert await cache.get(caller("cachetest"), "query:1") is None
        await cache.put(caller("cachetest"), "query:1", b"value", 60)
        with pytest.raises(Unavailable, match="redis is unavailable") as down:
            await cache.increment(caller("cachetest"), "n", 60)
        assert PASSWORD not in str(down.value)
    finally:
        redis_server.resume()


def test_redis_without_tls_is_refused(tmp_path: Path) -> None:
    (tmp_path / REDIS_PASSWORD).write_text(PASSWORD)
    binding = RedisBinding(url="redis://redis.test:6379", username=USER, key_prefix="cachetest:")
    with pytest.raises(ValueError, match="rediss://"):
        RedisCache.from_binding(binding, Credentials(tmp_path))
