"""`POST /api/query`: ask a question."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ringfence_dataplane.middleware.context import missing, request_id
from ringfence_dataplane.pipeline.answer import answer
from ringfence_dataplane.pipeline.leakage import Leak
from ringfence_dataplane.pipeline.passages import Passage
from ringfence_dataplane.pipeline.price import rounded
from ringfence_dataplane.pipeline.result import Answer, Refused
from ringfence_dataplane.pipeline.tools import Tools
from ringfence_dataplane.problems import Problem, internal
from ringfence_dataplane.routes.body import invalid, parse
from ringfence_dataplane.routes.schemas import QueryRequest, QueryResponse, SourceBody
from ringfence_dataplane.tenancy import BoundTenant

DEGRADED_HEADER = "Ringfence-Degraded"


class Query:
    """Handler of the query route."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def post(self, request: Request, tenant: BoundTenant) -> Response:
        """Answer a question."""
        asked = await parse(request, QueryRequest)
        limit = self._tools.binding.limits.max_query_characters
        if len(asked.query) > limit:
            raise invalid("query", f"at most {limit} characters")
        try:
            found = await answer(asked.query, tenant, request_id(request.scope), self._tools, missing(request.scope))
        except Refused as refused:
            raise Problem(
                400,
                "prompt-injection",
                "The question looks like a prompt injection",
                f"It {refused.meaning} (pattern `{refused.pattern}`). Ask about your documents in plain words.",
                extra={"pattern": refused.pattern},
            ) from None
        except Leak:
            raise internal() from None
        headers = {DEGRADED_HEADER: ", ".join(found.degraded)} if found.degraded else {}
        return JSONResponse(_body(found, tenant).model_dump(), headers=headers)


def _body(found: Answer, tenant: BoundTenant) -> QueryResponse:
    return QueryResponse(
        answer=found.text,
        grounded=found.grounded,
        sources=[_source(passage) for passage in found.sources],
        tenant_id=tenant.tenant_id,
        query_id=found.query_id,
        cost_dollars=rounded(found.cost),
        cache_hit=found.cached,
        degraded=list(found.degraded),
    )


def _source(passage: Passage) -> SourceBody:
    chunk = passage.hit.chunk
    return SourceBody(
        citation=passage.number,
        content=passage.shown,
        score=round(passage.hit.score, 4),
        document_id=chunk.document_id,
        title=passage.shown_title,
        doc_type=chunk.doc_type,
        version=chunk.version,
        start=chunk.start,
        end=chunk.end,
    )
