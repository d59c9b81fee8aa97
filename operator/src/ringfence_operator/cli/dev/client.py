"""A tenant's app, as small as can be: talks to one data plane on this machine."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx

from ringfence_operator.cli.dev.pages import Page

REQUEST_SECONDS = 125.0
"""Longer than the longest deadline that a Tenant may give its data plane (120 s)."""
POLL_SECONDS = 0.1
PARALLEL_PAGES = 2
"""Embedding keeps the processor busy; more requests at once would only wait for each other."""


class Unexpected(Exception):
    """A data plane did not do what it should; the message says what it did instead."""


@dataclass(frozen=True)
class Source:
    """A passage that an answer rests on."""

    citation: int
    document_id: str
    doc_type: str
    title: str
    score: float


@dataclass(frozen=True)
class Answer:
    """What `POST /api/query` said, and how long it took."""

    text: str
    sources: list[Source]
    tenant_id: str
    query_id: str
    cost_dollars: float
    degraded: list[str]
    seconds: float


@dataclass(frozen=True)
class Refusal:
    """A problem document (RFC 9457)."""

    status: int
    title: str
    detail: str


class App:
    """One tenant's app at one data plane: its own, or on purpose another's."""

    def __init__(self, http: httpx.AsyncClient, url: str, tenant: str, token: str) -> None:
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}", "X-Tenant-ID": tenant}

    async def ingest(self, page: Page) -> None:
        """Put one document in; again is no error.

        Raises:
            Unexpected: it was refused.
        """
        answer = await self._post("/api/documents", page.body())
        if not answer.is_success:
            refusal = _refusal(answer)
            raise Unexpected(f"document `{page.id}` was refused: {refusal.status} {refusal.title}: {refusal.detail}")

    async def ask(self, question: str) -> Answer:
        """Ask.

        Raises:
            Unexpected: there is no answer to read.
        """
        started = time.monotonic()
        answer = await self._post("/api/query", {"query": question})
        if answer.status_code != httpx.codes.OK:
            refusal = _refusal(answer)
            raise Unexpected(f"the question was refused: {refusal.status} {refusal.title}: {refusal.detail}")
        return _answer(answer.json(), time.monotonic() - started)

    async def intrude(self, question: str) -> Refusal:
        """Ask where this app has no business, and expect to be refused.

        Raises:
            Unexpected: it got an answer.
        """
        answer = await self._post("/api/query", {"query": question})
        if answer.is_success:
            raise Unexpected(f"a foreign token was let in (status {answer.status_code})")
        return _refusal(answer)

    async def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        try:
            return await self._http.post(self._url + path, json=body, headers=self._headers, timeout=REQUEST_SECONDS)
        except httpx.HTTPError as error:
            raise Unexpected(f"{self._url}{path} did not answer ({error.__class__.__name__})") from error


async def wait_until_ok(http: httpx.AsyncClient, url: str, seconds: float) -> None:
    """Poll `url` until it answers 200.

    Raises:
        Unexpected: it did not within `seconds`; the message says what it answered last.
    """
    last = "no connection"
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    answer = await http.get(url, timeout=POLL_SECONDS * 50)
                    if answer.status_code == httpx.codes.OK:
                        return
                    last = f"{answer.status_code} {answer.text[:300]}"
                except httpx.HTTPError as error:
                    last = error.__class__.__name__
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise Unexpected(f"{url} was not ready within {seconds:.0f} s: {last}") from None


def _refusal(answer: httpx.Response) -> Refusal:
    try:
        problem = answer.json()
        return Refusal(answer.status_code, str(problem["title"]), str(problem.get("detail", "")))
    except (ValueError, KeyError, TypeError):
        return Refusal(answer.status_code, answer.reason_phrase, answer.text[:300])


def _answer(body: dict[str, Any], seconds: float) -> Answer:
    try:
        return Answer(
            text=body["answer"] or "",
            sources=[
                Source(
                    citation=source["citation"],
                    document_id=source["document_id"],
                    doc_type=source["doc_type"],
                    title=source["title"],
                    score=source["score"],
                )
                for source in body["sources"]
            ],
            tenant_id=body["tenant_id"],
            query_id=body["query_id"],
            cost_dollars=body["cost_dollars"],
            degraded=list(body["degraded"]),
            seconds=seconds,
        )
    except (KeyError, TypeError) as error:
        raise Unexpected(f"the answer lacks {error}") from error
