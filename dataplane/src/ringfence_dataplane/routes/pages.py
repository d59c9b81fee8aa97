"""Public pages: is it alive, is it ready, what has it done, what does it offer."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from ringfence_dataplane.routes.docs import render
from ringfence_dataplane.routes.schemas import Health, Readiness
from ringfence_dataplane.telemetry.metrics import Metrics

# The page needs nothing but its own style: a script in a description could not run.
_DOCS_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

Checks = Callable[[], Awaitable[tuple[bool, dict[str, str]]]]
"""Gives (ready, what is the state of each part)."""


class Pages:
    """Handlers of the public pages."""

    def __init__(self, tenant_id: str, metrics: Metrics, checks: Checks) -> None:
        self._tenant_id = tenant_id
        self._metrics = metrics
        self._checks = checks
        self._document: dict[str, Any] = {}

    def describe(self, document: dict[str, Any]) -> None:
        """Show this OpenAPI document."""
        self._document = document

    async def health(self, _: Request) -> Response:
        """The process answers; backends do not matter, since a restart would not bring them back."""
        return JSONResponse(Health(status="ok").model_dump())

    async def ready(self, _: Request) -> Response:
        """Whether questions can be answered, if need be in a degraded way; and what is missing."""
        ready, checks = await self._checks()
        body = Readiness(status="ready" if ready else "not ready", tenant_id=self._tenant_id, checks=checks)
        return JSONResponse(body.model_dump(), 200 if ready else 503, {"Cache-Control": "no-store"})

    async def metrics(self, _: Request) -> Response:
        """Prometheus text."""
        return Response(self._metrics.exposition(), media_type=self._metrics.content_type)

    async def openapi(self, _: Request) -> Response:
        """The API's description."""
        return JSONResponse(self._document)

    async def docs(self, _: Request) -> Response:
        """The same for people."""
        return HTMLResponse(render(self._document), headers={"Content-Security-Policy": _DOCS_POLICY})
