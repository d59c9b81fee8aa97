"""What a backend is: three methods. Adding one takes a file here and a line in wiring.py, and edits no loop."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from ringfence_operator.desired.goal import Goal
from ringfence_operator.desired.resources import Desired, Resource


class Action(Enum):
    """What is done to a resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One step. `resource` is what shall be (or shall be no more), `found` what was seen."""

    action: Action
    resource: Resource
    found: Resource | None = None

    def __str__(self) -> str:
        return f"{self.action.value} {self.resource.key}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is left to do, but what was asked for has not happened yet. `message` is for a person."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What a backend holds for one tenant."""

    resources: Sequence[Resource] = ()
    waiting: Waiting | None = None
    warnings: Sequence[str] = field(default=())
    """What the platform's owner should know: sentences for a person."""


class Backend(Protocol):
    """A place that holds resources of tenants.

    Every method raises `TryLater` when the backend cannot answer now and `NeedsPerson` when a person has to act.
    """

    condition: str
    """Type of the status condition that speaks of this backend."""

    def desired(self, goal: Goal, /) -> Desired:
        """What the backend should hold; no request."""
        ...

    async def observe(self, goal: Goal, /) -> Observation:
        """What it holds; reads only."""
        ...

    async def apply(self, change: Change, /) -> None:
        """Do one step: one request, safe to repeat."""
        ...
