"""The ASGI app of one tenant: the order of its middleware, its routes, its life."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from ringfence_dataplane.middleware.authentication import PUBLIC, Authentication
from ringfence_dataplane.middleware.body_limit import BodyLimit
from ringfence_dataplane.middleware.measure import Measure
from ringfence_dataplane.middleware.problems import Problems
from ringfence_dataplane.middleware.rate_limit import RateLimit
from ringfence_dataplane.middleware.request_id import RequestId
from ringfence_dataplane.pipeline.tools import Tools
from ringfence_dataplane.ports import Cache
from ringfence_dataplane.problems import Problem
from ringfence_dataplane.routes.catalogue import endpoints, public_pages
from ringfence_dataplane.routes.documents import Documents
from ringfence_dataplane.routes.endpoint import routes
from ringfence_dataplane.routes.library import Library
from ringfence_dataplane.routes.openapi import document
from ringfence_dataplane.routes.pages import Checks, Pages
from ringfence_dataplane.routes.query import Query
from ringfence_dataplane.security.tokens import TokenVerifier

QUERY_BODY_BYTES = 256 * 1024
"""A question of the greatest length, every character escaped, and some room."""
ESCAPED = 6
"""Bytes that JSON may take to write one (`\\u0000`)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an app is made of; `ringfence_dataplane.wiring` makes it from a Binding, tests from fakes."""

    tools: Tools
    library: Library
    cache: Cache
    verifier: TokenVerifier
    checks: Checks
    life: Callable[[], AbstractAsyncContextManager[None]]


def make_app(parts: Parts) -> Starlette:
    """The app. It serves nothing until its lifespan has begun."""
    tools, binding = parts.tools, parts.tools.binding
    pages = Pages(binding.tenant, tools.metrics, parts.checks)
    private = endpoints(Query(tools), Documents(binding, parts.library, tools.audit))
    public = public_pages(pages)
    pages.describe(document(binding.tenant, version("ringfence-dataplane"), private, public))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with parts.life():
            yield

    app = Starlette(
        routes=routes(private, public),
        lifespan=lifespan,
        exception_handlers={HTTPException: _routing_problem},
        middleware=[
            Middleware(RequestId),
            Middleware(Measure, metrics=tools.metrics, tenant_id=binding.tenant, endpoint=_endpoint),
            Middleware(Problems, metrics=tools.metrics, tenant_id=binding.tenant),
            Middleware(BodyLimit, limit=_body_limit(binding.limits.max_document_bytes)),
            Middleware(
                Authentication, binding=binding, verifier=parts.verifier, audit=tools.audit, metrics=tools.metrics
            ),
            Middleware(RateLimit, cache=parts.cache, audit=tools.audit, per_minute=binding.limits.requests_per_minute),
        ],
    )
    app.router.redirect_slashes = False  # a redirect would leave the request id and the token's checks behind
    return app


def _body_limit(document_bytes: int) -> Callable[[str], int]:
    def limit(path: str) -> int:
        return document_bytes * ESCAPED + QUERY_BODY_BYTES if path.startswith("/api/documents") else QUERY_BODY_BYTES

    return limit


def _endpoint(path: str) -> str:
    """A path's template; what is none of ours has one name."""
    if path in PUBLIC or path in ("/api/query", "/api/documents"):
        return path
    return "/api/documents/{document_id}" if path.startswith("/api/documents/") else "other"


def _routing_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette calls it for nothing else
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        raise Problem(
            405,
            "method-not-allowed",
            "This method is not offered here",
            f"{request.url.path[:200]} offers {allowed}.",
            headers={"Allow": allowed},
        )
    if error.status_code == 404:
        raise Problem(404, "not-found", "There is nothing here", "GET /openapi.json lists what there is.")
    raise Problem(error.status_code, "http", "The request cannot be served", "GET /openapi.json says how to call.")
