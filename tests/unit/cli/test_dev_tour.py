"""The tour calls a step failed whenever something is not as promised."""

import dataclasses
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ringfence_operator.cli.dev import tour
from ringfence_operator.cli.dev.client import Unexpected, wait_until_ok
from ringfence_operator.cli.dev.pages import Page, Question
from ringfence_operator.cli.dev.tour import Stop

PAGE = Page("leave", "handbook", "text/markdown", "# Leave\n\nEverybody gets 27 days.")
QUESTION = Question(question="How many days?", document="leave", docType="handbook", fact="27 days")
ACME = Stop("acme", "http://127.0.0.1:1", "acme-token", [PAGE], QUESTION)
GLOBEX = Stop("globex", "http://127.0.0.1:2", "globex-token", [PAGE], QUESTION)

SOURCE = {"citation": 1, "document_id": "leave", "doc_type": "handbook", "title": "Leave", "score": 0.9}
GOOD = {
    "answer": "Everybody gets 27 days [1].",
    "sources": [SOURCE],
    "tenant_id": "acme",
    "query_id": "0b5c7a3e-0000-4000-8000-000000000000",
    "cost_dollars": 0.00004,
    "degraded": [],
}


def app(reply: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(reply))


async def asked(body: dict[str, Any]) -> tour.Asked:
    async with app(lambda request: httpx.Response(200, json=body)) as http:
        return await tour.ask(http, ACME, QUESTION)


async def test_a_good_answer_is_faultless() -> None:
    found = await asked(GOOD)

    assert found.fault == ""
    assert found.answer.text == "Everybody gets 27 days [1]."
    assert [source.title for source in found.answer.sources] == ["Leave"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"answer": ""}, "there is no text"),
        ({"answer": None}, "there is no text"),
        ({"answer": "Everybody gets 32 days."}, "does not state “27 days”"),
        ({"tenant_id": "globex"}, "it is for `globex`"),
        ({"sources": []}, "page `leave` is not among the sources"),
        ({"sources": [SOURCE, SOURCE | {"document_id": "globex-plan"}]}, "none of this tenant's pages"),
        ({"degraded": ["llm"]}, "were down: llm"),
    ],
)
async def test_an_answer_that_is_not_as_promised_is_a_fault(change: dict[str, Any], fault: str) -> None:
    assert fault in (await asked(GOOD | change)).fault


async def test_an_answer_that_lacks_a_part_is_an_error_that_names_it() -> None:
    with pytest.raises(Unexpected, match="cost_dollars"):
        await asked({key: value for key, value in GOOD.items() if key != "cost_dollars"})


async def test_every_request_carries_the_tenants_own_name_and_token() -> None:
    seen = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.path, request.headers["x-tenant-id"], request.headers["authorization"]))
        return httpx.Response(201, json={})

    async with app(reply) as http:
        await tour.ingest(http, ACME, lambda: None)

    assert seen == [("/api/documents", "acme", "Bearer acme-token")]


async def test_progress_counts_pages_that_are_in() -> None:
    counted = []
    stop = dataclasses.replace(ACME, pages=[dataclasses.replace(PAGE, id=str(n)) for n in range(7)])
    async with app(lambda request: httpx.Response(201, json={})) as http:
        await tour.ingest(http, stop, lambda: counted.append(1))

    assert len(counted) == 7


async def test_a_refused_page_is_named_with_the_reason() -> None:
    problem = {"title": "Unknown document type", "status": 422, "detail": "write one of: handbook"}
    async with app(lambda request: httpx.Response(422, json=problem)) as http:
        with pytest.raises(Unexpected, match="`leave` was refused: 422 Unknown document type: write one of: handbook"):
            await tour.ingest(http, ACME, lambda: None)


@pytest.mark.parametrize(
    ("status", "fault"), [(403, ""), (401, "expected 403, got 401"), (500, "expected 403, got 500")]
)
async def test_only_a_403_at_the_fence_is_as_promised(status: int, fault: str) -> None:
    seen = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.port, request.headers["authorization"]))
        return httpx.Response(status, json={"title": "Forbidden", "detail": "not yours"})

    async with app(reply) as http:
        refusal, found = await tour.cross(http, GLOBEX, ACME)

    assert seen == [(1, "Bearer globex-token")]
    assert (refusal.status, refusal.title, refusal.detail, found) == (status, "Forbidden", "not yours", fault)


async def test_a_foreign_token_that_is_let_in_is_an_error() -> None:
    async with app(lambda request: httpx.Response(200, json=GOOD)) as http:
        with pytest.raises(Unexpected, match="a foreign token was let in"):
            await tour.cross(http, GLOBEX, ACME)


async def test_a_data_plane_that_does_not_answer_is_an_error_without_a_traceback() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async with app(reply) as http:
        with pytest.raises(Unexpected, match=r"127\.0\.0\.1:1/api/query did not answer \(ConnectError\)"):
            await tour.ask(http, ACME, QUESTION)


async def test_waiting_ends_with_what_was_answered_last() -> None:
    async with app(lambda request: httpx.Response(503, text="vectors are loading")) as http:
        with pytest.raises(Unexpected, match="not ready within 0 s: 503 vectors are loading"):
            await wait_until_ok(http, "http://127.0.0.1:1/ready", 0.3)


def test_a_token_never_shows_in_a_representation() -> None:
    assert "acme-token" not in repr(ACME)
