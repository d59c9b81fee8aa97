"""Who gets in, who does not, and what is written down about it."""

import httpx
import pytest

from tests.unit.dataplane.support.service import Service, token


async def ask(service: Service, **headers: str | None) -> httpx.Response:
    async with service.client(**headers) as client:
        return await client.post("/api/query", json={"query": "How many days of holiday do I get?"})


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (None, None),
        ("nonsense", "invalid_request"),
        ("Basic YTpi", "invalid_request"),
        ("Bearer ", "invalid_request"),
        ("Bearer e30.e30.", "invalid_token"),
        ("Bearer " + "x" * 9000, "invalid_token"),
    ],
)
async def test_a_missing_or_bad_token_gets_401_and_a_challenge(header: str | None, error: str | None) -> None:
    service = Service()
    response = await ask(service, Authorization=header)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="ringfence"')
    assert (f'error="{error}"' in challenge) if error else ("error" not in challenge)
    assert "Bearer" in response.json()["detail"] or "token" in response.json()["detail"]


async def test_an_expired_token_is_reported_without_being_repeated() -> None:
    service = Service()
    expired = token(exp=1)
    response = await ask(service, Authorization=f"Bearer {expired}")
    assert response.status_code == 401
    assert "expired" in response.json()["detail"]
    [event] = service.events
    assert (event["event_type"], event["action"], event["result"]) == ("SECURITY_EVENT", "authentication", "denied")
    assert event["details"]["query_id"] == response.headers["x-request-id"]
    assert expired not in service.lines[0] + response.text


@pytest.mark.parametrize("key", ["k" * 64, "g" * 64])
async def test_a_token_of_another_tenant_gets_403_and_a_security_event(key: str) -> None:
    """Whether both tenants share an issuer, or each has a key of its own."""
    service = Service()
    for named in ("acme", "globex"):
        foreign = token(key, tenant_id="globex")
        response = await ask(service, Authorization=f"Bearer {foreign}", **{"X-Tenant-ID": named})
        assert response.status_code == 403
        assert response.json()["type"].endswith("/tenant-mismatch")
    assert service.count("cross_tenant_attempts_total", attacker_id="globex", target_id="acme") == 2
    event = service.events[0]
    assert event["action"] == "cross_tenant_attempt"
    assert event["details"]["attacker_id"] == "globex"
    assert event["details"]["target_id"] == "acme"
    assert event["details"]["signature_verified"] is (key == "k" * 64)
    assert not service.retriever.asked


@pytest.mark.parametrize("named", ["globex", "ACME", "acme,globex", "acme%2e", " ", "", "acme."])
async def test_the_tenant_header_cannot_name_another(named: str) -> None:
    service = Service()
    response = await ask(service, **{"X-Tenant-ID": named})
    assert response.status_code == 403
    assert len(service.events) == 1


async def test_without_the_tenant_header_the_caller_is_told_what_to_send() -> None:
    service = Service()
    response = await ask(service, **{"X-Tenant-ID": None})
    assert response.status_code == 403
    assert "X-Tenant-ID: acme" in response.json()["detail"]


async def test_two_tenant_headers_are_a_mismatch() -> None:
    service = Service()
    async with service.client() as client:
        response = await client.post(
            "/api/query", json={"query": "x"}, headers=[*client.headers.items(), ("X-Tenant-ID", "globex")]
        )
    assert response.status_code == 403


@pytest.mark.parametrize("path", ["//api/query", "/api//query", "/api/query/..", "/%2e/api/query", "/api/query;x"])
@pytest.mark.parametrize("host", ["acme.example", "globex.example", "tenant-globex.svc"])
async def test_no_spelling_of_path_or_host_lets_a_foreign_token_in(path: str, host: str) -> None:
    service = Service()
    async with service.client(Authorization=f"Bearer {token(tenant_id='globex')}", Host=host) as client:
        response = await client.post(f"http://acme.example{path}", json={"query": "x"})
    assert response.status_code == 403


async def test_many_invented_tenants_share_one_series() -> None:
    service = Service()
    for number in range(150):
        await ask(service, Authorization=f"Bearer {token(tenant_id=f'invented-{number}')}")
    samples = [
        sample
        for metric in service.metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "cross_tenant_attempts_total"
    ]
    assert len(samples) <= 102
    assert service.count("cross_tenant_attempts_total", attacker_id="other", target_id="acme") > 0


@pytest.mark.parametrize(
    ("permissions", "method", "path", "missing"),
    [
        (["documents:write"], "POST", "/api/query", "documents:read"),
        (["documents:write"], "GET", "/api/documents/x", "documents:read"),
        (["documents:read"], "POST", "/api/documents", "documents:write"),
        (["documents:read"], "PUT", "/api/documents/x", "documents:write"),
        (["documents:read"], "DELETE", "/api/documents/x", "documents:write"),
        ([], "POST", "/api/query", "documents:read"),
        (None, "POST", "/api/query", "documents:read"),
        (["documents:*"], "DELETE", "/api/documents/x", "documents:write"),
    ],
)
async def test_each_call_needs_its_permission(
    permissions: list[str] | None, method: str, path: str, missing: str
) -> None:
    service = Service()
    async with service.client(Authorization=f"Bearer {token(permissions=permissions)}") as client:
        response = await client.request(method, path, json={"query": "x"})
    assert response.status_code == 403
    assert missing in response.json()["detail"]
