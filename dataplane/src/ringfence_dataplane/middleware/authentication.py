"""Binds a request to a tenant and a caller, or ends it here.

Everything but a short list of public pages needs a token; paths that nobody knows need one, too.
"""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from ringfence_api.binding import Binding
from ringfence_dataplane.middleware.context import request_id, set_tenant, unauthenticated
from ringfence_dataplane.ports import Unavailable
from ringfence_dataplane.problems import Problem
from ringfence_dataplane.security.tokens import Caller, InvalidToken, TokenVerifier
from ringfence_dataplane.telemetry.audit import Audit
from ringfence_dataplane.telemetry.metrics import Metrics
from ringfence_dataplane.tenancy import authenticated

PUBLIC = frozenset({"/health", "/ready", "/metrics", "/openapi.json", "/docs"})
_TENANT_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


class Authentication:
    """Verifies the bearer token, and that token, `X-Tenant-ID` and Binding name the same tenant."""

    def __init__(self, app: ASGIApp, binding: Binding, verifier: TokenVerifier, audit: Audit, metrics: Metrics) -> None:
        self._app = app
        self._binding = binding
        self._verifier = verifier
        self._audit = audit
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or raise 401, 403 or 503."""
        if scope["type"] == "http" and scope["path"] not in PUBLIC:
            caller = await self._caller(scope)
            self._same_tenant(scope, caller)
            set_tenant(scope, authenticated(self._binding, caller.user_id, caller.permissions))
        await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        try:
            return await self._verifier.verify(_bearer(scope))
        except InvalidToken as error:
            claimed = error.claimed_tenant
            if _TENANT_NAME.fullmatch(claimed) and claimed != self._binding.tenant:
                # Tenants with keys of their own sign tokens that do not verify here. It is refused either way; to say
                # what is wrong costs nothing, and an attempt to cross over must not hide among expired tokens.
                raise self._crossing(scope, claimed, self._binding.tenant, verified=False) from None
            self._event(scope, "authentication", {"reason": str(error)})
            raise unauthenticated(f"The token is not accepted: {error}.") from None
        except Unavailable:
            raise Problem(
                503,
                "identity-provider-unavailable",
                "Tokens cannot be verified now",
                "The identity provider's keys cannot be fetched. Try again in some seconds.",
                headers={"Retry-After": "10"},
            ) from None

    def _same_tenant(self, scope: Scope, caller: Caller) -> None:
        if caller.tenant_id != self._binding.tenant:
            raise self._crossing(scope, caller.tenant_id, self._binding.tenant, verified=True, user=caller.user_id)
        named = _headers(scope, b"x-tenant-id")
        if not named:
            raise Problem(
                403,
                "tenant-header-missing",
                "No tenant is named",
                f"Send `X-Tenant-ID: {self._binding.tenant}` with the token.",
            )
        if named != [self._binding.tenant]:
            raise self._crossing(scope, caller.tenant_id, named[-1], verified=True, user=caller.user_id)

    def _crossing(self, scope: Scope, attacker: str, target: str, *, verified: bool, user: str = "") -> Problem:
        self._metrics.crossed(attacker, target)
        details = {
            "reason": "tenant mismatch",
            "attacker_id": attacker[:64],
            "target_id": target[:64],
            "signature_verified": verified,
        }
        self._event(scope, "cross_tenant_attempt", details, user)
        return Problem(
            403,
            "tenant-mismatch",
            "This is another tenant's endpoint",
            "Token, X-Tenant-ID and endpoint must belong to the same tenant. The attempt has been recorded.",
        )

    def _event(self, scope: Scope, action: str, details: dict[str, object], user: str = "") -> None:
        where = {"query_id": request_id(scope), "method": scope["method"], "path": scope["path"][:200]}
        self._audit.record("SECURITY_EVENT", action, "denied", user_id=user, resource="api", details=details | where)


def _bearer(scope: Scope) -> str:
    sent = _headers(scope, b"authorization")
    if not sent:
        raise unauthenticated("Send `Authorization: Bearer <token>` and `X-Tenant-ID`.", error="")
    scheme, _, token = sent[0].partition(" ")
    if len(sent) != 1 or scheme.lower() != "bearer" or not token.strip():
        raise unauthenticated("Send exactly one header `Authorization: Bearer <token>`.", error="invalid_request")
    return token.strip()


def _headers(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
