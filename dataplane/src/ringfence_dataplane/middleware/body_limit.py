"""Bounds a request's body in size and time, before anything reads it."""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ringfence_dataplane.problems import Problem

BODY_SECONDS = 20.0


class BodyLimit:
    """413 for too many bytes, by `Content-Length` or by count; 408 for a body that does not come."""

    def __init__(self, app: ASGIApp, limit: Callable[[str], int], seconds: float = BODY_SECONDS) -> None:
        """`limit` gives the bytes allowed for a path."""
        self._app = app
        self._limit = limit
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a `receive` that counts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        for name, value in scope["headers"]:
            # The HTTP parser has refused what is no number; so many digits say enough by themselves.
            if name == b"content-length" and (len(value) > 15 or int(value) > limit):
                raise _too_large(limit)
            if name == b"content-encoding" and value.strip().lower() != b"identity":
                raise Problem(
                    415, "encoding-unsupported", "Compressed bodies are not accepted", "Send the body uncompressed."
                )
        deadline = asyncio.get_running_loop().time() + self._seconds
        received, complete = 0, False

        async def counted() -> Message:
            nonlocal received, complete
            if complete:  # the wait for a disconnect has no deadline
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise Problem(
                    408, "body-timeout", "The body took too long", f"Send it within {self._seconds:.0f} seconds."
                ) from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, counted, send)


def _too_large(limit: int) -> Problem:
    return Problem(
        413,
        "body-too-large",
        "The body is too large",
        f"Send at most {limit} bytes.",
        headers={"Connection": "close"},  # what is left of the body is not read
        extra={"limit_bytes": limit},
    )
