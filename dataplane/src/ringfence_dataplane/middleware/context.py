"""What middleware leaves in a request's scope for those who come after it."""

from starlette.types import Scope

from ringfence_dataplane.problems import Problem
from ringfence_dataplane.tenancy import BoundTenant

_REQUEST_ID = "ringfence.request_id"
_TENANT = "ringfence.tenant"
_MISSING = "ringfence.missing"


def set_request_id(scope: Scope, value: str) -> None:
    """Name this request."""
    scope[_REQUEST_ID] = value


def request_id(scope: Scope) -> str:
    """The request's name; also the `query_id` of an answer."""
    return str(scope.get(_REQUEST_ID, ""))


def set_tenant(scope: Scope, tenant: BoundTenant) -> None:
    """Bind this request to its caller."""
    scope[_TENANT] = tenant


def bound_tenant(scope: Scope) -> BoundTenant:
    """The caller whom authentication vouched for.

    Raises:
        Problem: authentication has not seen this request: it is refused, whatever route it reached.
    """
    tenant = scope.get(_TENANT)
    if not isinstance(tenant, BoundTenant):
        raise unauthenticated("Send `Authorization: Bearer <token>`.")
    return tenant


def note_missing(scope: Scope, service: str) -> None:
    """Note that this request did without a service."""
    scope[_MISSING] = (*missing(scope), service)


def missing(scope: Scope) -> tuple[str, ...]:
    """What this request did without so far."""
    return tuple(scope.get(_MISSING, ()))


def unauthenticated(detail: str, error: str = "invalid_token") -> Problem:
    """401 with the challenge that RFC 6750 wants."""
    challenge = 'Bearer realm="ringfence"' + (f', error="{error}"' if error else "")
    return Problem(401, "unauthenticated", "Not authenticated", detail, headers={"WWW-Authenticate": challenge})
