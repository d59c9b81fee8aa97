"""Counts and times requests by endpoint, and writes one log line for each."""

from collections.abc import Callable
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ringfence_dataplane.telemetry.logs import get_logger
from ringfence_dataplane.telemetry.metrics import Metrics

_log = get_logger(__name__)
_QUIET = frozenset({"/health", "/ready", "/metrics"})  # asked by machines every few seconds


class Measure:
    """`active_requests` and `query_duration_seconds` by endpoint: a route's template, never the path itself."""

    def __init__(self, app: ASGIApp, metrics: Metrics, tenant_id: str, endpoint: Callable[[str], str]) -> None:
        self._app = app
        self._metrics = metrics
        self._tenant_id = tenant_id
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measure the request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        endpoint = self._endpoint(scope["path"])
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = perf_counter()
        try:
            with self._metrics.active.labels(self._tenant_id, endpoint).track_inprogress():
                await self._app(scope, receive, noted)
        finally:
            spent = perf_counter() - started
            self._metrics.query_duration.labels(self._tenant_id, endpoint).observe(spent)
            if endpoint not in _QUIET:
                _log.info(
                    "request_completed",
                    message="Request completed",
                    method=scope["method"],
                    endpoint=endpoint,
                    status=status,
                    duration_ms=round(spent * 1000, 1),
                )
