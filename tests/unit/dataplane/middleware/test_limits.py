"""Bounds: bytes and seconds of a body, requests a minute."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import structlog
from starlette.types import Message, Receive, Scope, Send

from ringfence_dataplane.middleware.body_limit import BodyLimit
from ringfence_dataplane.middleware.rate_limit import RateLimit
from ringfence_dataplane.problems import Problem
from ringfence_dataplane.telemetry import logs
from ringfence_dataplane.tenancy import authenticated
from tests.unit.dataplane.support.fakes import FakeCache
from tests.unit.dataplane.support.service import Service, binding


async def chunks(piece: bytes, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield piece


@pytest.mark.parametrize("path", ["/api/query", "/api/documents"])
async def test_too_large_a_body_gets_413_by_length_and_by_count(path: str) -> None:
    async with Service().client(**{"Content-Type": "application/json"}) as client:
        told = await client.post(path, content=b"x" * 1_000_000)
        counted = await client.post(path, content=chunks(b"x" * 10_000, 100))
    for response in (told, counted):
        assert response.status_code == 413
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["limit_bytes"] > 0


async def test_a_document_may_be_as_large_as_the_tenant_says_and_no_larger() -> None:
    service = Service()
    body = {"doc_type": "handbook", "content_type": "text/plain"}
    async with service.client() as client:
        fits = await client.post("/api/documents", json={**body, "content": "é" * 2048})
        too_large = await client.post("/api/documents", json={**body, "content": "é" * 2049})
    assert fits.status_code == 201
    assert too_large.status_code == 413
    assert "4096 bytes" in too_large.json()["detail"]


async def test_a_compressed_body_is_refused_unread() -> None:
    async with Service().client() as client:
        response = await client.post("/api/query", content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert response.status_code == 415


async def test_a_body_that_does_not_come_gets_408() -> None:
    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    async def never() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    async def send(message: Message) -> None:
        return

    limited = BodyLimit(reads, lambda _: 100, seconds=0.01)
    with pytest.raises(Problem) as caught:
        await limited({"type": "http", "path": "/", "headers": []}, never, send)
    assert caught.value.status == 408


async def ask(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/api/query", json={"query": "hello?"})


def limited(per_minute: int) -> Service:
    whole = binding()
    return Service(
        binding=whole.model_copy(update={"limits": whole.limits.model_copy(update={"requests_per_minute": per_minute})})
    )


@pytest.mark.parametrize("down", [False, True], ids=["shared counter", "without Redis"])
async def test_requests_beyond_the_limit_get_429_and_are_told_when_to_come_back(down: bool) -> None:
    service = limited(3)
    service.cache.down = down
    async with service.client() as client:
        within = [await ask(client) for _ in range(3)]
        beyond = [await ask(client) for _ in range(2)]
    assert [response.status_code for response in within] == [200, 200, 200]
    assert [response.headers["ratelimit-remaining"] for response in within] == ["2", "1", "0"]
    for response in beyond:
        assert response.status_code == 429
        assert 1 <= int(response.headers["retry-after"]) <= 60
        assert response.headers["ratelimit-limit"] == "3"
        assert response.headers["content-type"] == "application/problem+json"
    assert [event["action"] for event in service.events].count("rate_limit") == 1


async def test_pods_share_the_limit() -> None:
    one, other = limited(3), limited(3)
    other.cache.counters = one.cache.counters
    statuses = []
    for service in (one, other, one, other):
        async with service.client() as client:
            statuses.append((await ask(client)).status_code)
    assert statuses == [200, 200, 200, 429]


async def test_the_next_minute_begins_anew() -> None:
    now = 1_000_000.0
    served = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        served.append(now)

    service = Service()
    limit = RateLimit(app, FakeCache(down=True), service.audit, 1, lambda: now)
    scope = {"type": "http", "path": "/api/query", "ringfence.tenant": authenticated(service.binding, "u", frozenset())}

    async def nothing() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        return

    await limit(scope, nothing, send)
    with pytest.raises(Problem):
        await limit(scope, nothing, send)
    now += 60
    await limit(scope, nothing, send)
    assert len(served) == 2


async def test_probes_and_pages_are_not_limited() -> None:
    service = limited(1)
    async with service.client() as client:
        statuses = {(await client.get("/health")).status_code for _ in range(5)}
    assert statuses == {200}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The configured log, until the test is over."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    written = io.StringIO()
    logs.configure(stream=written)
    yield written
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


async def test_one_log_line_a_request_without_its_content(log: io.StringIO) -> None:
    service = Service()
    async with service.client() as client:
        response = await client.post("/api/query", json={"query": "Where is the zanzibar desk?"})
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    [line] = [line for line in lines if line["event"] == "request_completed"]
    assert set(line) == {"timestamp", "level", "logger", "message", "event", "context"}
    assert line["context"]["query_id"] == response.headers["x-request-id"]
    assert line["context"]["status"] == 200
    assert "zanzibar" not in json.dumps(lines)
