"""At most so many requests a minute of one tenant, over all its pods."""

import time
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ringfence_dataplane.middleware.authentication import PUBLIC
from ringfence_dataplane.middleware.context import bound_tenant, note_missing, request_id
from ringfence_dataplane.ports import Cache, Unavailable
from ringfence_dataplane.problems import Problem
from ringfence_dataplane.telemetry.audit import Audit
from ringfence_dataplane.tenancy import BoundTenant

WINDOW_SECONDS = 60


class RateLimit:
    """Counts in the cache that all pods share; while it is gone, this pod counts for itself."""

    def __init__(
        self, app: ASGIApp, cache: Cache, audit: Audit, per_minute: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._app = app
        self._cache = cache
        self._audit = audit
        self._limit = per_minute
        self._clock = clock
        self._window = -1
        self._counted = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request and let it pass, or raise 429."""
        if scope["type"] != "http" or scope["path"] in PUBLIC:
            await self._app(scope, receive, send)
            return
        tenant = bound_tenant(scope)
        window, passed = divmod(self._clock(), WINDOW_SECONDS)
        reset = max(1, round(WINDOW_SECONDS - passed))
        used = await self._count(scope, tenant, int(window))
        told = {
            "RateLimit-Limit": str(self._limit),
            "RateLimit-Remaining": str(max(0, self._limit - used)),
            "RateLimit-Reset": str(reset),
        }
        if used > self._limit:
            if used == self._limit + 1:  # one event a window, not one a request
                self._record(scope, tenant)
            raise Problem(
                429,
                "rate-limited",
                "Too many requests",
                f"This tenant may send {self._limit} requests a minute. Try again in {reset} seconds.",
                headers={**told, "Retry-After": str(reset)},
            )

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        await self._app(scope, receive, counted)

    async def _count(self, scope: Scope, tenant: BoundTenant, window: int) -> int:
        if window != self._window:
            self._window, self._counted = window, 0
        self._counted += 1
        try:
            shared = await self._cache.increment(tenant, f"rate:{window}", 2 * WINDOW_SECONDS)
        except Unavailable:
            note_missing(scope, "cache")
            return self._counted
        # A counter that was lost, or that somebody reset, does not open the gate wider than this pod's own.
        return max(shared, self._counted)

    def _record(self, scope: Scope, tenant: BoundTenant) -> None:
        details = {"query_id": request_id(scope), "limit_per_minute": self._limit}
        self._audit.record(
            "SECURITY_EVENT", "rate_limit", "denied", user_id=tenant.user_id, resource="api", details=details
        )
