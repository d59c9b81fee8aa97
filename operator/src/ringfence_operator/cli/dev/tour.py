"""The tour: ingest, ask, try to cross the fence. Every step says whether it went as promised."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from ringfence_operator.cli.dev.client import PARALLEL_PAGES, Answer, App, Refusal, Unexpected
from ringfence_operator.cli.dev.pages import Page, Question


@dataclass(frozen=True)
class Stop:
    """One tenant on the tour."""

    tenant: str
    url: str
    token: str = field(repr=False)
    pages: Sequence[Page] = ()
    question: Question | None = None

    def app(self, http: httpx.AsyncClient, *, at: "Stop | None" = None) -> App:
        """This tenant's app, at its own data plane or at another's."""
        return App(http, (at or self).url, self.tenant, self.token)


@dataclass(frozen=True)
class Asked:
    """A question and its answer; `fault` says what is wrong with the answer, if anything."""

    tenant: str
    question: str
    answer: Answer
    fault: str = ""


async def ingest(http: httpx.AsyncClient, stop: Stop, advance: Callable[[], None]) -> float:
    """Put all pages of a tenant in; `advance` is called for each. Returns the seconds it took.

    Raises:
        Unexpected: a page was refused.
    """
    started = time.monotonic()
    app = stop.app(http)
    limit = asyncio.Semaphore(PARALLEL_PAGES)

    async def one(page: Page) -> None:
        async with limit:
            await app.ingest(page)
        advance()

    try:
        async with asyncio.TaskGroup() as group:
            for page in stop.pages:
                group.create_task(one(page))
    except* Unexpected as errors:
        raise errors.exceptions[0] from None
    return time.monotonic() - started


async def ask(http: httpx.AsyncClient, stop: Stop, question: Question) -> Asked:
    """Ask a tenant one question and check the answer against what the pages say.

    Raises:
        Unexpected: there is no answer to read.
    """
    answer = await stop.app(http).ask(question.question)
    return Asked(stop.tenant, question.question, answer, _fault(stop, question, answer))


def _fault(stop: Stop, question: Question, answer: Answer) -> str:
    own = {page.id for page in stop.pages}
    cited = [source.document_id for source in answer.sources]
    checks = (
        (answer.tenant_id == stop.tenant, f"the answer says it is for `{answer.tenant_id}`"),
        (set(cited) <= own, "a source is none of this tenant's pages"),
        (not answer.degraded, f"parts of the service were down: {', '.join(answer.degraded)}"),
        (answer.text.strip() != "", "there is no text"),
        (question.document in cited, f"page `{question.document}` is not among the sources"),
        (question.fact in answer.text, f"the text does not state “{question.fact}”"),
    )
    return "; ".join(fault for holds, fault in checks if not holds)


async def cross(http: httpx.AsyncClient, intruder: Stop, victim: Stop) -> tuple[Refusal, str]:
    """Use one tenant's token at another tenant's endpoint. Returns what came back and what is wrong with it.

    Raises:
        Unexpected: the intruder was let in.
    """
    question = victim.question.question if victim.question else "What do these documents say?"
    refusal = await intruder.app(http, at=victim).intrude(question)
    fault = "" if refusal.status == httpx.codes.FORBIDDEN else f"expected 403, got {refusal.status}"
    return refusal, fault
