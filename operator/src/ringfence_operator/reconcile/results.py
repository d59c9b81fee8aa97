"""What comes out of a pass over a Tenant, and of the work on one backend in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ringfence_operator.backends.protocol import Change


class State(Enum):
    """How a backend, or a whole tenant, stands: best first."""

    READY = 0
    WAITING = 1
    """All is written; the world has to follow."""
    FAILED = 2
    """A request failed and will be repeated."""
    STALLED = 3
    """A person has to act."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one backend stands after a pass. `reason` is one word for programs, `message` sentences for people."""

    condition: str
    state: State
    reason: str
    message: str
    changes: Sequence[Change] = ()
    """What was done in this pass."""
    warnings: Sequence[str] = ()
    after_seconds: float | None = None
    """When the server asked to be tried again."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Result of one pass: `state` says when to look again; None: there is no such Tenant any more."""

    state: State | None
    reason: str = ""
    repaired: int = 0
    """Changes that undid what somebody else did to a tenant that had been Ready."""
    after_seconds: float | None = None
