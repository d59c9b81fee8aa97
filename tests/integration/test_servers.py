"""The servers that the other integration tests rely on are as strict as they are said to be."""

from __future__ import annotations

import socket

import httpx
import pytest
import redis

from tests.servers import OpenSearchServer, RedisServer

ALICE = ("alice", "a-Long-enough-pass-7431")


@pytest.fixture
def admin(opensearch: OpenSearchServer) -> httpx.Client:
    return httpx.Client(base_url=opensearch.url, verify=opensearch.admin_context(), timeout=30)


def test_the_admin_certificate_is_the_only_way_in(opensearch: OpenSearchServer) -> None:
    with httpx.Client(base_url=opensearch.url, verify=opensearch.context(), timeout=30) as stranger:
        assert stranger.get("/").status_code == 401
        assert stranger.get("/", auth=("admin", "admin")).status_code == 401


def test_a_client_that_does_not_know_the_authority_refuses_the_server(opensearch: OpenSearchServer) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(opensearch.url, timeout=30)


def test_nobody_owns_an_index_by_being_named_like_it(opensearch: OpenSearchServer, admin: httpx.Client) -> None:
    index, password = "genai_alice_docs", ALICE[1]
    with admin:
        admin.put(f"/{index}/_doc/1?refresh=true", json={"text": "secret"}).raise_for_status()
        user = {"password": password, "reserved": "true"}
        admin.put(f"/_plugins/_security/api/internalusers/{index}", json=user).raise_for_status()
        assert "own_index" not in admin.get("/_plugins/_security/api/rolesmapping").json()
    with httpx.Client(base_url=opensearch.url, verify=opensearch.context(), timeout=30) as alice:
        assert alice.get("/_plugins/_security/authinfo", auth=(index, password)).status_code == 200
        assert alice.get(f"/{index}/_search", auth=(index, password)).status_code == 403


def test_a_role_on_an_exact_index_is_enough_to_write_and_search(
    opensearch: OpenSearchServer, admin: httpx.Client
) -> None:
    mapping = {"mappings": {"properties": {"text": {"type": "text", "analyzer": "english"}}}}
    permissions = {"index_patterns": ["genai_exact_docs"], "allowed_actions": ["read", "write"]}
    with admin:
        admin.put("/genai_exact_docs", json=mapping).raise_for_status()
        role = {"cluster_permissions": ["indices:data/write/bulk"], "index_permissions": [permissions]}
        admin.put("/_plugins/_security/api/roles/exact", json=role).raise_for_status()
        user = {"password": ALICE[1], "opendistro_security_roles": ["exact"]}
        admin.put(f"/_plugins/_security/api/internalusers/{ALICE[0]}", json=user).raise_for_status()
    with httpx.Client(base_url=opensearch.url, verify=opensearch.context(), auth=ALICE, timeout=30) as alice:
        alice.put("/genai_exact_docs/_doc/1?refresh=true", json={"text": "Running"}).raise_for_status()
        found = alice.get("/genai_exact_docs/_search", params={"q": "text:runs"})
        assert found.json()["hits"]["total"]["value"] == 1
        assert alice.put("/genai_exact_other/_doc/1", json={}).status_code == 403


def test_scripts_run(opensearch: OpenSearchServer, admin: httpx.Client) -> None:
    query = {"query": {"script_score": {"query": {"match_all": {}}, "script": {"source": "2 + 3"}}}}
    with admin:
        admin.put("/scripted/_doc/1?refresh=true", json={"n": 1}).raise_for_status()
        found = admin.post("/scripted/_search", json=query)
        assert found.json()["hits"]["hits"][0]["_score"] == 5.0


def test_redis_knows_no_default_user(redis_server: RedisServer) -> None:
    with redis_server.client("default", "") as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_redis_speaks_tls_alone(redis_server: RedisServer) -> None:
    with socket.create_connection((redis_server.host, redis_server.port), timeout=10) as plain:
        plain.sendall(b"PING\r\n")
        try:
            answer = plain.recv(100)
        except ConnectionResetError:
            answer = b""
        assert answer == b""


def test_a_restart_of_redis_forgets_the_users_made_at_run_time(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "passing", "on", ">word", "~*", "+get")
        assert "passing" in client.execute_command("ACL", "USERS")
    redis_server.restart()
    with redis_server.client() as client:
        assert sorted(client.execute_command("ACL", "USERS")) == ["default", redis_server.username]


def test_keys_replicate_and_users_do_not(redis_server: RedisServer, redis_replica: RedisServer) -> None:
    with redis_server.client() as primary, redis_replica.client() as replica:
        primary.execute_command("ACL", "SETUSER", "local", "on", ">word", "~*", "+get")
        primary.set("acme:answer", "42")
        assert primary.wait(1, 4_000) == 1
        assert replica.get("acme:answer") == "42"
        assert "local" not in replica.execute_command("ACL", "USERS")


def test_a_stopped_opensearch_comes_back_where_it_was_with_what_it_had(
    opensearch: OpenSearchServer, admin: httpx.Client
) -> None:
    with admin:
        admin.put("/kept/_doc/1?refresh=true", json={"n": 1}).raise_for_status()
    opensearch.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(opensearch.url, verify=opensearch.admin_context(), timeout=30)
    opensearch.resume()
    found = httpx.get(opensearch.url + "/kept/_doc/1", verify=opensearch.admin_context(), timeout=30)
    assert found.json()["_source"] == {"n": 1}
