"""Bad questions get a problem document that says what to do."""

import pytest

from tests.unit.dataplane.support.service import Service, binding


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{not json", 400),
        (b"\xff\xfe", 400),
        (b'{"query": "\\ud800"}', 400),
        (b"[" * 100_000, 400),
        (b'{"query":' * 20_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b"{}", 422),
        (b'{"query": ""}', 422),
        (b'{"query": "  \\n "}', 422),
        (b'{"query": "a\\u0000b"}', 422),
        (b'{"query": 7}', 422),
        (b'{"query": null}', 422),
        (b'{"query": ["hi"]}', 422),
        (b'{"query": "hi", "tenant_id": "globex"}', 422),
        (b'{"query": "hi", "doc_type": "handbook"}', 422),
        (b'{"query": "' + b"x" * 10_001 + b'"}', 422),
        (b'{"query": "' + b"x" * 3_000_000 + b'"}', 413),
    ],
)
async def test_a_malformed_question_is_refused(content: bytes, status: int) -> None:
    service = Service()
    async with service.client() as client:
        response = await client.post("/api/query", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"].startswith("https://ringfence.dev/problems/")
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["query_id"]
    assert not service.retriever.asked
    if status == 422:
        assert problem["errors"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
async def test_another_media_type_is_refused(kind: str) -> None:
    async with Service().client() as client:
        response = await client.post("/api/query", content=b'{"query": "hi"}', headers={"Content-Type": kind})
    assert response.status_code == 415


async def test_a_question_of_the_greatest_length_is_answered() -> None:
    async with Service().client() as client:
        response = await client.post("/api/query", json={"query": "é" * 10_000})
    assert response.status_code == 200


async def test_a_tenant_may_set_a_lower_limit() -> None:
    limits = binding().limits.model_copy(update={"max_query_characters": 5})
    service = Service(binding=binding(limits=limits))
    response = await service.ask("123456")
    assert response.status_code == 422
    assert "at most 5 characters" in response.json()["detail"]


async def test_what_was_sent_is_not_repeated() -> None:
    async with Service().client() as client:
        response = await client.post("/api/query", json={"query": 7, "zanzibar-secret": "xyzzy"})
    assert "xyzzy" not in response.text
