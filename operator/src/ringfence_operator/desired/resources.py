"""Resources, and what a tenant should have of them: the vocabulary that desired state, plan and backends share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing in a backend: a Kubernetes object, an index, a user on one Redis node.

    `name` is unique among one tenant's resources of that kind. `body` is never shown: it may hold a credential.
    """

    kind: str
    name: str
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    write_only: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Goes with every write and cannot be read back, so it is not compared: a password."""
    inside: str = ""
    """Key of the resource that takes this one along when it is deleted."""
    terminating: bool = False
    """Deletion was asked for and is under way."""

    @property
    def key(self) -> str:
        """Kind and name, for people and for comparison."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Desired:
    """What one backend should hold for a tenant: `resources` in the order in which they are made.

    Anything else is removed, unless its kind is in `keep`: data outlives a changed spec and a retaining deletion.
    """

    resources: tuple[Resource, ...] = ()
    keep: frozenset[str] = frozenset()
