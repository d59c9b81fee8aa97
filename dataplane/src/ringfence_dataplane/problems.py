"""Errors as problem documents (RFC 9457): what is wrong and what to do, never what went on inside."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

TYPE_PREFIX = "https://ringfence.dev/problems/"
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Raised anywhere in a request; the middleware `problems` turns it into a response.

    `kind` is the last part of the `type` URI and stays the same over versions; `detail` says what to do;
    `extra` adds members.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def response(self, query_id: str) -> Response:
        """The problem document."""
        body = {
            "type": TYPE_PREFIX + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "query_id": query_id,
            **self.extra,
        }
        return JSONResponse(body, status_code=self.status, headers=self.headers, media_type=MEDIA_TYPE)


def unavailable(service: str, retry_after_seconds: int = 5) -> Problem:
    """A backend without which there is no answer is down."""
    return Problem(
        503,
        "backend-unavailable",
        "A backend is unavailable",
        f"The {service} does not answer now. Try again in some seconds; /ready says when it is back.",
        headers={"Retry-After": str(retry_after_seconds)},
        extra={"service": service},
    )


def internal() -> Problem:
    """Something that should not happen happened; the log has it under the same query_id."""
    return Problem(
        500,
        "internal-error",
        "Internal error",
        "The service failed. Report the query_id to its operator; the log says more under it.",
    )
