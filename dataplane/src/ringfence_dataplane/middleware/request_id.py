"""Gives every request an id: the caller's, where it is a harmless one, else a new one."""

import re
import uuid

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ringfence_dataplane.middleware.context import request_id, set_request_id

HEADER = b"x-request-id"
_HARMLESS = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestId:
    """Sets `X-Request-ID` on the way out, and `query_id` in every log line of the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name the request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        set_request_id(scope, _chosen(scope))

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id(scope)
            await send(message)

        with structlog.contextvars.bound_contextvars(query_id=request_id(scope)):
            await self._app(scope, receive, named)


def _chosen(scope: Scope) -> str:
    sent: list[str] = [value.decode("latin-1") for name, value in scope["headers"] if name == HEADER]
    if len(sent) == 1 and _HARMLESS.fullmatch(sent[0]):
        return sent[0]
    return str(uuid.uuid4())
