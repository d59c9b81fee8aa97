"""Promise: OpenSearch and Redis hold what was wished, refuse what was not, and their trouble has a name."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import redis

from ringfence_operator.backends.errors import NeedsPerson, TryLater
from ringfence_operator.backends.opensearch import OpenSearchBackend, opensearch_client
from ringfence_operator.backends.redis import RedisBackend, redis_client
from ringfence_operator.desired.goal import Gone, Serve
from ringfence_operator.reconcile.results import State
from ringfence_operator.reconcile.settle import settle
from tests.servers import OpenSearchServer, RedisServer, start_redis
from tests.servers.certificates import Authority, write_identity
from tests.unit.operator.samples import CREDENTIALS, serve


def url(server: RedisServer) -> str:
    return f"rediss://{server.host}:{server.port}"


@pytest.fixture
async def in_opensearch(opensearch: OpenSearchServer) -> AsyncIterator[OpenSearchBackend]:
    client = opensearch_client(
        opensearch.url, str(opensearch.ca_file), str(opensearch.admin_certificate), str(opensearch.admin_key)
    )
    yield OpenSearchBackend(client, opensearch.url)
    await client.close()


async def in_redis(server: RedisServer, goal: Serve | Gone) -> State:
    """Settle one node for `goal`."""
    client = redis_client(url(server), str(server.ca_file), server.username, server.password)
    try:
        return (await settle(RedisBackend(client, url(server)), goal)).state
    finally:
        await client.aclose()


def tenant_http(opensearch: OpenSearchServer, name: str) -> httpx.Client:
    """OpenSearch as the tenant's data plane sees it."""
    auth = (f"ringfence-{name}-a", CREDENTIALS.opensearch_password)
    return httpx.Client(base_url=opensearch.url, verify=opensearch.context(), auth=auth, timeout=20)


async def test_a_tenants_user_reaches_its_indices_and_nothing_else(
    in_opensearch: OpenSearchBackend, opensearch: OpenSearchServer
) -> None:
    for name in ("fenced", "fenced2"):
        assert (await settle(in_opensearch, serve(name))).state is State.READY

    with tenant_http(opensearch, "fenced") as http:
        own = "/genai_fenced_handbook"
        assert http.put(f"{own}/_doc/1?refresh=true", json={"tenant_id": "fenced"}).status_code == 201
        assert http.get(f"{own}/_search").json()["hits"]["total"]["value"] == 1
        bulk = '{"index":{"_index":"genai_fenced_handbook"}}\n{"tenant_id":"fenced"}\n'
        done = http.post("/_bulk", content=bulk, headers={"Content-Type": "application/x-ndjson"}).json()
        assert done["errors"] is False
        for path in (
            "/genai_fenced2_handbook/_search",
            "/genai_*/_search",
            "/_all/_search",
            "/_cat/indices",
            "/_cluster/state",
            "/_plugins/_security/api/internalusers",
        ):
            assert http.get(path).status_code == 403, path
        assert http.put("/genai_fenced_new").status_code == 403
        alias = {"actions": [{"add": {"index": "genai_fenced_handbook", "alias": "genai_fenced2_x"}}]}
        assert http.post("/_aliases", json=alias).status_code == 403
        assert http.delete(own).status_code == 403
        account = {"current_password": CREDENTIALS.opensearch_password, "password": "Other-password-1"}
        assert http.put("/_plugins/_security/api/account", json=account).status_code == 403


async def test_a_rotated_password_is_taken_over_and_the_old_one_is_dead(
    in_opensearch: OpenSearchBackend, opensearch: OpenSearchServer
) -> None:
    goal = serve("rotated")
    await settle(in_opensearch, goal)
    fresh = dataclasses.replace(CREDENTIALS, opensearch_password=CREDENTIALS.redis_password)

    outcome = await settle(in_opensearch, dataclasses.replace(goal, credentials=fresh))

    assert [str(change) for change in outcome.changes] == ["update InternalUser/ringfence-rotated-a"]
    with tenant_http(opensearch, "rotated") as http:
        assert http.get("/genai_rotated_handbook/_search").status_code == 401


async def test_a_second_look_at_a_steady_tenant_changes_nothing(in_opensearch: OpenSearchBackend) -> None:
    await settle(in_opensearch, serve("calm"))

    assert list((await settle(in_opensearch, serve("calm"))).changes) == []


async def test_a_changed_number_of_copies_reaches_an_existing_index(
    in_opensearch: OpenSearchBackend, opensearch_admin: httpx.Client
) -> None:
    goal = serve("copied")
    await settle(in_opensearch, goal)
    fewer = dataclasses.replace(goal, platform=dataclasses.replace(goal.platform, opensearch_replicas=0))

    assert (await settle(in_opensearch, fewer)).state is State.READY

    settings = opensearch_admin.get("/genai_copied_handbook/_settings").json()["genai_copied_handbook"]["settings"]
    assert settings["index"]["number_of_replicas"] == "0"


async def test_a_default_mapping_that_weakens_the_fence_is_reported(
    in_opensearch: OpenSearchBackend, opensearch_admin: httpx.Client
) -> None:
    path = "/_plugins/_security/api/rolesmapping/own_index"
    opensearch_admin.put(path, json={"users": ["*"]}).raise_for_status()
    try:
        outcome = await settle(in_opensearch, serve("warned"))
    finally:
        opensearch_admin.delete(path)

    assert outcome.state is State.READY
    assert "own_index" in outcome.warnings[0]
    assert list((await settle(in_opensearch, serve("warned"))).warnings) == []


async def test_a_server_of_another_authority_is_not_spoken_to(opensearch: OpenSearchServer, tmp_path: Path) -> None:
    authority = Authority()
    (tmp_path / "ca.crt").write_text(authority.certificate)
    client = opensearch_client(
        opensearch.url, str(tmp_path / "ca.crt"), str(opensearch.admin_certificate), str(opensearch.admin_key)
    )
    try:
        with pytest.raises(TryLater, match=r"OpenSearch at .* does not answer"):
            await OpenSearchBackend(client, opensearch.url).observe(serve())
    finally:
        await client.close()


async def test_a_certificate_that_is_not_the_admins_is_told_apart_from_an_outage(
    opensearch: OpenSearchServer, tmp_path: Path
) -> None:
    files = write_identity(tmp_path, "nobody", Authority().issue("nobody"))
    client = opensearch_client(opensearch.url, str(opensearch.ca_file), str(files.certificate), str(files.key))
    try:
        with pytest.raises((NeedsPerson, TryLater)) as error:
            await OpenSearchBackend(client, opensearch.url).observe(serve())
    finally:
        await client.close()
    assert "OpenSearch at" in str(error.value)


async def test_a_redis_user_runs_the_commands_of_the_data_plane_on_its_own_keys_only(redis_server: RedisServer) -> None:
    assert await in_redis(redis_server, serve("fenced")) is State.READY

    with redis_server.client("ringfence-fenced-a", CREDENTIALS.redis_password) as client:
        assert client.set("fenced:a", "1", ex=60)
        assert client.mget("fenced:a", "fenced:b") == ["1", None]
        assert client.execute_command("INCR", "fenced:n") == 1
        assert client.expire("fenced:n", 60)
        assert client.delete("fenced:n") == 1
        assert client.ping()
        for command in (
            ("GET", "fenced2:a"),
            ("SCAN", "0"),
            ("KEYS", "*"),
            ("RANDOMKEY",),
            ("DBSIZE",),
            ("FLUSHALL",),
            ("CONFIG", "GET", "*"),
            ("CLIENT", "LIST"),
            ("CLIENT", "TRACKING", "ON", "BCAST"),
            ("ACL", "WHOAMI"),
            ("EVAL", "return 1", "0"),
            ("SUBSCRIBE", "fenced2:x"),
            ("COPY", "fenced:a", "fenced:b"),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*command)


async def test_grants_that_were_added_by_hand_are_taken_away(redis_server: RedisServer) -> None:
    await in_redis(redis_server, serve("widened"))
    with redis_server.client() as admin:
        admin.execute_command("ACL", "SETUSER", "ringfence-widened-a", "nopass", "~*", "+@all", "&*")

    assert await in_redis(redis_server, serve("widened")) is State.READY

    own = redis_server.client("ringfence-widened-a", CREDENTIALS.redis_password)
    with own, pytest.raises(redis.exceptions.NoPermissionError):
        own.get("other:key")
    stranger = redis_server.client("ringfence-widened-a", "any password")
    with stranger, pytest.raises(redis.exceptions.AuthenticationError):
        stranger.ping()


async def test_a_deleted_user_loses_its_open_sessions_and_its_keys_but_nobody_elses(redis_server: RedisServer) -> None:
    for name in ("leaver", "leaver2"):
        await in_redis(redis_server, serve(name))
    with redis_server.client("ringfence-leaver-a", CREDENTIALS.redis_password) as session:
        session.set("leaver:key", "1")
        with redis_server.client() as admin:
            admin.set("leaver2:key", "1")

            assert await in_redis(redis_server, Gone("leaver", retain=False)) is State.READY

            assert admin.exists("leaver:key") == 0
            assert admin.exists("leaver2:key") == 1
        with pytest.raises((redis.exceptions.ConnectionError, redis.exceptions.AuthenticationError)):
            session.get("leaver:key")


async def test_users_exist_on_a_replica_too_and_its_keys_are_left_to_its_primary(
    redis_server: RedisServer, redis_replica: RedisServer
) -> None:
    for server in (redis_server, redis_replica):
        assert await in_redis(server, serve("doubled")) is State.READY
    with redis_server.client() as admin:
        admin.set("doubled:key", "1")
        admin.wait(1, 2000)

    with redis_replica.client("ringfence-doubled-a", CREDENTIALS.redis_password) as client:
        assert client.get("doubled:key") == "1"
    for server in (redis_server, redis_replica):
        assert await in_redis(server, Gone("doubled", retain=False)) is State.READY
    with redis_server.client() as admin:
        assert admin.exists("doubled:key") == 0


async def test_redis_that_restarts_forgets_its_users_and_gets_them_back() -> None:
    server = start_redis()
    try:
        assert await in_redis(server, serve("forgotten")) is State.READY
        server.stop()
        assert await in_redis(server, serve("forgotten")) is State.FAILED
        server.resume()

        assert await in_redis(server, serve("forgotten")) is State.READY

        with server.client("ringfence-forgotten-a", CREDENTIALS.redis_password) as client:
            assert client.ping()
    finally:
        server.close()


async def test_a_wrong_admin_password_is_told_without_repeating_it(redis_server: RedisServer) -> None:
    client = redis_client(url(redis_server), str(redis_server.ca_file), redis_server.username, "hunter2-hunter2")
    try:
        with pytest.raises(NeedsPerson, match="refuses the operator's admin user") as error:
            await RedisBackend(client, url(redis_server)).observe(serve())
    finally:
        await client.aclose()
    assert "hunter2" not in str(error.value)
