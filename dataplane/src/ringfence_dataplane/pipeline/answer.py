"""From a question to an answer: one function whose order is the design.

guard → cache → embed ∥ BM25 → vector → fuse → leakage check → redact → prompt → language model → cite → redact →
price → audit
"""

from decimal import Decimal

from ringfence_dataplane.guard.pii import redact
from ringfence_dataplane.pipeline import leakage
from ringfence_dataplane.pipeline.admit import admit, count_redactions
from ringfence_dataplane.pipeline.deadline import Deadline
from ringfence_dataplane.pipeline.find import find
from ringfence_dataplane.pipeline.generate import Generated, generate
from ringfence_dataplane.pipeline.passages import Passage, prepare
from ringfence_dataplane.pipeline.price import Usage
from ringfence_dataplane.pipeline.record import record, record_injections
from ringfence_dataplane.pipeline.result import Answer
from ringfence_dataplane.pipeline.tools import Tools
from ringfence_dataplane.ports import Unavailable
from ringfence_dataplane.tenancy import BoundTenant

NOTHING_FOUND = "No passage in your documents matches this question."
NOT_SAID = "Your documents do not answer this question; the nearest passages are listed as sources."
NOT_GROUNDED = (
    "No answer could be written that your documents bear out; the passages that match the question are listed as "
    "sources."
)


async def answer(
    question: str, tenant: BoundTenant, query_id: str, tools: Tools, missing: tuple[str, ...] = ()
) -> Answer:
    """Answer `question` from the tenant's documents; `missing` names what the request has already done without.

    Raises:
        Refused: the guard does not let it in.
        Leak: a store returned another tenant's passage.
        Unavailable: nothing could be retrieved.
    """
    deadline = Deadline(tools.binding.llm.timeout_seconds)
    tools.metrics.queries.labels(tenant.tenant_id).inc()

    asked = admit(question, tenant, query_id, tools)
    found = await find(asked, tenant, deadline, tools)
    retrieval_ms = deadline.spent_ms
    leakage.check(found.hits, tenant, query_id, tools.audit, tools.metrics)
    passages = prepare(found.hits, tools.binding.guard.redact_pii)
    count_redactions(passages.redactions, tenant, tools)
    record_injections(passages.injections, query_id, tenant, tools)

    generated, without_model = await _generate(asked, passages.readable, tenant, deadline, tools)
    shown = redact(_text(generated, passages.readable, without_model), tools.binding.guard.redact_pii)
    count_redactions(shown.counts, tenant, tools)

    usage = _usage(found.embedding_tokens, generated)
    result = Answer(
        text=shown.text,
        sources=passages.items,
        query_id=query_id,
        cost=_charge(usage, tenant, tools),
        degraded=(*missing, *found.degraded, *without_model),
        cached=generated is not None and generated.cached,
        grounded=generated is not None and generated.cited.grounded,
    )
    record(asked, result, usage, retrieval_ms, tenant, deadline, tools)
    return result


async def _generate(
    asked: str, passages: list[Passage], tenant: BoundTenant, deadline: Deadline, tools: Tools
) -> tuple[Generated | None, tuple[str, ...]]:
    """The model's answer, or (None, what is missing); a model is not asked about nothing."""
    if not passages:
        return None, ()
    try:
        return await generate(asked, passages, tenant, deadline, tools), ()
    except Unavailable as error:
        tools.metrics.errors.labels(tenant.tenant_id, f"degraded-{error.service}").inc()
        return None, (error.service,)


def _text(generated: Generated | None, passages: list[Passage], without_model: tuple[str, ...]) -> str:
    if without_model:
        return ""  # sources without an answer
    if not passages or generated is None:
        return NOTHING_FOUND
    if generated.cited.grounded:
        return generated.cited.text
    return NOT_SAID if generated.cited.abstained else NOT_GROUNDED


def _usage(embedding_tokens: int, generated: Generated | None) -> Usage:
    if generated is None:
        return Usage(embedding_tokens)
    return Usage(embedding_tokens, generated.prompt_tokens, generated.completion_tokens)


def _charge(usage: Usage, tenant: BoundTenant, tools: Tools) -> Decimal:
    costs = tools.prices.cost(usage)
    for kind, dollars in costs.items():
        tools.metrics.cost.labels(tenant.tenant_id, kind).inc(float(dollars))
    return sum(costs.values(), Decimal(0))
