"""First stage: refuses a question that is an attack, and takes personal data out of one that is let in."""

from ringfence_dataplane.guard.injection import find_injection
from ringfence_dataplane.guard.pii import redact
from ringfence_dataplane.pipeline.result import Refused
from ringfence_dataplane.pipeline.tools import Tools
from ringfence_dataplane.telemetry.audit import digest
from ringfence_dataplane.tenancy import BoundTenant


def admit(question: str, tenant: BoundTenant, query_id: str, tools: Tools) -> str:
    """The question as every later stage, backend and log sees it.

    Raises:
        Refused: a pattern of prompt injection matched, and the tenant's policy is to block.
    """
    finding = find_injection(question)
    if finding is not None:
        blocks = tools.binding.guard.prompt_injection == "Block"
        tools.audit.record(
            "SECURITY_EVENT",
            "prompt_injection",
            "blocked" if blocks else "flagged",
            user_id=tenant.user_id,
            resource="query",
            details={"query_id": query_id, "pattern": finding.name, "query_hash": digest(question)},
        )
        if blocks:
            raise Refused(finding.name, finding.meaning)
        tools.metrics.errors.labels(tenant.tenant_id, "prompt-injection-flagged").inc()
    redacted = redact(question, tools.binding.guard.redact_pii)
    count_redactions(redacted.counts, tenant, tools)
    return redacted.text


def count_redactions(counts: dict[str, int], tenant: BoundTenant, tools: Tools) -> None:
    """Add to `pii_redactions_total`."""
    for kind, count in counts.items():
        tools.metrics.pii_redactions.labels(tenant.tenant_id, kind).inc(count)
