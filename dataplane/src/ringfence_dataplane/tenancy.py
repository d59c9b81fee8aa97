"""Who a request is bound to. A store call without a BoundTenant does not type-check."""

from dataclasses import dataclass, field
from typing import Final

from ringfence_api.binding import Binding

READ = "documents:read"
WRITE = "documents:write"

_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class BoundTenant:
    """One tenant and one caller, vouched for by authentication.

    Only `authenticated` and `maintenance` make one: the constructor refuses everybody else.
    """

    tenant_id: str
    user_id: str
    permissions: frozenset[str]
    seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("a BoundTenant is made by authentication only")


def authenticated(binding: Binding, user_id: str, permissions: frozenset[str]) -> BoundTenant:
    """Bind a caller whose token has been verified against `binding`."""
    return BoundTenant(binding.tenant, user_id, permissions, _SEAL)


def maintenance(binding: Binding) -> BoundTenant:
    """Bind the data plane itself, for work without a caller: rebuilding vectors, readiness probes."""
    return BoundTenant(binding.tenant, "system", frozenset({READ, WRITE}), _SEAL)
