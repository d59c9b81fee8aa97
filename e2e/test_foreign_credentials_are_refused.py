"""Promise: whoever holds one tenant's token, password or certificate reaches nothing of another tenant."""

import base64
import ssl
from collections.abc import Iterator

import httpx
import pytest
import redis

from e2e.kubectl import Kubectl, eventually
from e2e.tenants import TenantClient, credential


@pytest.fixture(scope="module")
def opensearch(ready: Kubectl) -> Iterator[str]:
    """The real OpenSearch, past the data plane."""
    with ready.port_forward("ringfence-backends", "svc/opensearch", 9200) as port:
        yield f"https://localhost:{port}"


@pytest.fixture(scope="module")
def redis_port(ready: Kubectl) -> Iterator[int]:
    """The real Redis, past the data plane."""
    with ready.port_forward("ringfence-backends", "svc/redis", 6379) as port:
        yield port


def test_globex_token_at_acmes_endpoint_gets_403_and_a_security_event(
    ready: Kubectl, acme: httpx.Client, apps: dict[str, TenantClient]
) -> None:
    intruder = TenantClient(acme, "globex", apps["globex"].token)

    answer = intruder.ask("What is the expense limit?")

    # Keys differ per tenant, so a foreign token is either unverifiable or verifiable and foreign: both are told apart.
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("application/problem+json")
    request_id = answer.headers["x-request-id"]

    def event() -> str | None:
        log = ready(
            "-n", "tenant-acme", "logs", "-l", "app.kubernetes.io/name=ringfence-dataplane", "--tail=-1", "--since=5m"
        )
        return next((row for row in log.splitlines() if request_id in row and "SECURITY" in row.upper()), None)

    line = eventually(event, "the security event", seconds=20)
    assert "globex" in line
    assert intruder.token not in line


def test_a_header_cannot_turn_a_token_into_another_tenants(apps: dict[str, TenantClient]) -> None:
    app = apps["acme"]
    for header in ("globex", "acme,globex", "ACME", "acme%2e", ""):
        answer = app.http.post("/api/query", json={"query": "hello?"}, headers=app.headers() | {"X-Tenant-ID": header})
        assert answer.status_code in (401, 403), header


@pytest.mark.parametrize("bearer", [None, "nonsense", "e30.e30."])
def test_a_missing_or_forged_token_gets_401(acme: httpx.Client, bearer: str | None) -> None:
    headers = {"X-Tenant-ID": "acme"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    answer = acme.post("/api/query", json={"query": "hello?"}, headers=headers)

    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_opensearch_itself_refuses_the_other_tenants_credentials(ready: Kubectl, opensearch: str) -> None:
    with _opensearch(ready, opensearch, "acme") as as_acme:
        own = as_acme.post("/genai_acme_handbook/_search", json={"size": 1})
        assert own.status_code == 200
        assert own.json()["hits"]["hits"]

        for method, path, body in (
            ("POST", "/genai_globex_handbook/_search", {}),
            ("POST", "/genai_*/_search", {}),
            ("POST", "/_all/_search", {}),
            ("GET", "/genai_globex_handbook/_doc/any", None),
            ("GET", "/genai_globex_handbook/_mapping", None),
            ("PUT", "/genai_globex_handbook/_doc/planted", {"tenant_id": "globex"}),
            ("POST", "/_aliases", {"actions": [{"add": {"index": "genai_acme_handbook", "alias": "genai_globex_x"}}]}),
            ("PUT", "/genai_acme_more", None),
            ("DELETE", "/genai_acme_handbook", None),
            (
                "PUT",
                "/_plugins/_security/api/account",
                {"current_password": _password(ready), "password": "a-New-Strong-Pass7word-91x"},
            ),
            ("GET", "/_plugins/_security/api/internalusers", None),
            ("GET", "/_cat/indices", None),
            ("GET", "/_cluster/state", None),
        ):
            answer = as_acme.request(method, path, json=body)
            assert answer.status_code == 403, f"{method} {path}: {answer.status_code} {answer.text[:300]}"

        mixed = as_acme.post(
            "/_msearch",
            content='{"index":"genai_acme_handbook"}\n{}\n{"index":"genai_globex_handbook"}\n{}\n',
            headers={"content-type": "application/x-ndjson"},
        )
        assert [item.get("status") for item in mixed.json()["responses"]] == [200, 403]


def test_redis_itself_refuses_the_other_tenants_keys(ready: Kubectl, redis_port: int, tmp_path: object) -> None:
    acme, globex = _redis(ready, redis_port, "acme"), _redis(ready, redis_port, "globex")
    globex.set("globex:e2e:secret", "canary", ex=60)
    acme.set("acme:e2e:own", "mine", ex=60)
    assert acme.get("acme:e2e:own") == b"mine"

    for command in (
        ("GET", "globex:e2e:secret"),
        ("SET", "globex:e2e:secret", "x"),
        ("DEL", "globex:e2e:secret"),
        ("MGET", "acme:e2e:own", "globex:e2e:secret"),
        ("SCAN", "0"),
        ("KEYS", "*"),
        ("RANDOMKEY",),
        ("DBSIZE",),
        ("FLUSHALL",),
        ("CLIENT", "LIST"),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
        ("EVAL", "return 1", "0"),
        ("SUBSCRIBE", "globex:e"),
        ("COPY", "globex:e2e:secret", "acme:e2e:stolen"),
    ):
        with pytest.raises((redis.exceptions.NoPermissionError, redis.exceptions.ResponseError)) as refused:
            acme.execute_command(*command)  # type: ignore[no-untyped-call]
        assert "NOPERM" in str(refused.value) or "permission" in str(refused.value).lower(), command
    assert globex.get("globex:e2e:secret") == b"canary"


def test_what_the_cache_holds_cannot_be_read_by_redis_admins(ready: Kubectl, apps: dict[str, TenantClient]) -> None:
    body = apps["acme"].ask("How long may a cached value be read in clear?").raise_for_status().json()
    secret = ready.get("-n", "ringfence-system", "secret", "redis-admin")["data"]
    with ready.port_forward("ringfence-backends", "svc/redis", 6379) as port:
        admin = redis.Redis(
            port=port,
            username=base64.b64decode(secret["username"]).decode(),
            password=base64.b64decode(secret["password"]).decode(),
            ssl=True,
            ssl_ca_data=base64.b64decode(secret["ca.crt"]).decode(),
            ssl_check_hostname=False,
        )
        values = [admin.get(key) or b"" for key in admin.scan_iter("acme:*") if admin.type(key) == b"string"]
    assert values, "nothing was cached"
    passage = body["sources"][0]["content"][:40].encode()
    assert not any(passage in value for value in values)


def _password(kubectl: Kubectl) -> str:
    return credential(kubectl, "acme", "opensearch-password")


def _opensearch(kubectl: Kubectl, url: str, tenant: str) -> httpx.Client:
    context = ssl.create_default_context(cadata=credential(kubectl, tenant, "opensearch-ca.crt"))
    # The port-forward's name is localhost, the certificate's is the Service's; the chain is verified all the same.
    context.check_hostname = False
    user = f"ringfence-{tenant}-a"
    return httpx.Client(
        base_url=url, verify=context, auth=(user, credential(kubectl, tenant, "opensearch-password")), timeout=30
    )


def _redis(kubectl: Kubectl, port: int, tenant: str) -> redis.Redis:
    return redis.Redis(
        port=port,
        username=f"ringfence-{tenant}-a",
        password=credential(kubectl, tenant, "redis-password"),
        ssl=True,
        ssl_ca_data=credential(kubectl, tenant, "redis-ca.crt"),
        ssl_check_hostname=False,
        driver_info=None,  # CLIENT SETINFO is not among the commands that a tenant may run
    )
