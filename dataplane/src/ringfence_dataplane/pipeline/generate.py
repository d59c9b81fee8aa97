"""Asks the language model, from the cache where it was asked the same before, and keeps what sources bear out."""

from collections.abc import Sequence
from dataclasses import dataclass

from ringfence_dataplane.pipeline import prompt
from ringfence_dataplane.pipeline.cite import Cited, cite, whole_sentences
from ringfence_dataplane.pipeline.deadline import Deadline
from ringfence_dataplane.pipeline.passages import Passage
from ringfence_dataplane.pipeline.tools import Tools
from ringfence_dataplane.ports import Completion, Unavailable
from ringfence_dataplane.tenancy import BoundTenant

LEAST_SECONDS = 0.5
"""With less time left than this, a model is not asked."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What the model's answer became; tokens only where the model was really asked."""

    cited: Cited
    cached: bool
    prompt_tokens: int
    completion_tokens: int


async def generate(
    question: str, passages: Sequence[Passage], tenant: BoundTenant, deadline: Deadline, tools: Tools
) -> Generated:
    """Ask with all passages; if nothing of the answer stands, once more with the best passage alone.

    Raises:
        Unavailable: the model did not answer the first time. The second time, the first answer counts.
    """
    wide, narrow = prompt.wide(question, passages), prompt.narrow(question, passages)
    said, cached = await _complete(wide, tenant, deadline, tools)
    result = _result(_cited(said, passages, question, tools), said, cached)
    if result.cited.grounded or narrow == wide:
        return result
    try:
        again, cached_again = await _complete(narrow, tenant, deadline, tools)
    except Unavailable:
        return result
    second = _result(_cited(again, passages, question, tools), again, cached_again)
    return Generated(
        second.cited,
        result.cached and second.cached,
        result.prompt_tokens + second.prompt_tokens,
        result.completion_tokens + second.completion_tokens,
    )


async def _complete(
    messages: prompt.Messages, tenant: BoundTenant, deadline: Deadline, tools: Tools
) -> tuple[Completion, bool]:
    shaped_by = {
        "messages": messages,
        "model": tools.llm.model,
        "max_output_tokens": tools.binding.llm.max_output_tokens,
        "generation": tools.vectors.generation,
    }
    kept = await tools.caches.completion(tenant, shaped_by)
    if kept is not None:
        return kept, True
    if deadline.remaining < LEAST_SECONDS:
        raise Unavailable("llm", "no time is left")
    said = await tools.llm.complete(messages, deadline.remaining)
    await tools.caches.keep_completion(tenant, shaped_by, said)
    return said, False


def _cited(said: Completion, passages: Sequence[Passage], question: str, tools: Tools) -> Cited:
    cut_off = said.completion_tokens >= tools.binding.llm.max_output_tokens
    return cite(whole_sentences(said.text) if cut_off else said.text, passages, question)


def _result(cited: Cited, said: Completion, cached: bool) -> Generated:
    if cached:
        return Generated(cited, True, 0, 0)
    return Generated(cited, False, said.prompt_tokens, said.completion_tokens)
