"""Last stage: the audit event and the log line of an answered question."""

from ringfence_dataplane.pipeline.deadline import Deadline
from ringfence_dataplane.pipeline.price import Usage, rounded
from ringfence_dataplane.pipeline.result import Answer
from ringfence_dataplane.pipeline.tools import Tools
from ringfence_dataplane.telemetry.audit import digest
from ringfence_dataplane.telemetry.logs import get_logger
from ringfence_dataplane.tenancy import BoundTenant

_log = get_logger(__name__)


def record(
    asked: str, answer: Answer, usage: Usage, retrieval_ms: float, tenant: BoundTenant, deadline: Deadline, tools: Tools
) -> None:
    """Write both. The question itself is written only where the Tenant asked for it, without personal data."""
    documents = list(dict.fromkeys(passage.hit.chunk.document_id for passage in answer.sources))
    tools.audit.record(
        "DATA_ACCESS",
        "query_execution",
        "success",
        user_id=tenant.user_id,
        details={
            "query_id": answer.query_id,
            "query_hash": digest(asked),
            "documents_accessed": documents,
            "cached": answer.cached,
            "grounded": answer.grounded,
            "degraded": list(answer.degraded),
        },
    )
    text = {"query_text": asked} if tools.binding.log_query_text else {}
    _log.info(
        "query_completed",
        message="Query processed",
        query_id=answer.query_id,
        tenant_id=tenant.tenant_id,
        user_id=tenant.user_id,
        documents_retrieved=len(answer.sources),
        retrieval_time_ms=retrieval_ms,
        llm_tokens=usage.completion,
        cost_dollars=rounded(answer.cost),
        duration_ms=deadline.spent_ms,
        cached=answer.cached,
        grounded=answer.grounded,
        degraded=list(answer.degraded),
        **text,
    )


def record_injections(injections: list[tuple[str, str]], query_id: str, tenant: BoundTenant, tools: Tools) -> None:
    """Report passages that carry instructions: somebody put them into a document."""
    if injections:
        tools.metrics.errors.labels(tenant.tenant_id, "indirect-injection").inc()
        tools.audit.record(
            "SECURITY_EVENT",
            "indirect_prompt_injection",
            "neutralised",
            user_id=tenant.user_id,
            details={
                "query_id": query_id,
                "passages": [{"chunk_id": chunk, "pattern": name} for chunk, name in injections],
            },
        )
