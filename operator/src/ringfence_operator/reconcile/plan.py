"""The difference between what is and what should be, as a list of changes. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from ringfence_operator.backends.protocol import Action, Change
from ringfence_operator.desired.resources import Desired, Resource


def plan(have: Sequence[Resource], want: Desired) -> list[Change]:
    """Changes that turn `have` into `want`: first what is missing or differs, in the order of `want`, then
    what is not wanted, last made first gone.

    Left alone: kinds that `want` keeps, what is already being deleted, and what goes with its container.
    """
    present = {resource.key: resource for resource in have}
    wanted = {resource.key for resource in want.resources}
    changes: list[Change] = []
    for resource in want.resources:
        found = present.get(resource.key)
        if found is None:
            changes.append(Change(Action.CREATE, resource))
        elif not found.terminating and differs(found.body, resource.body):
            changes.append(Change(Action.UPDATE, resource, found))
    unwanted = [resource for resource in have if resource.key not in wanted and resource.kind not in want.keep]
    going = {resource.key for resource in unwanted}
    changes += [
        Change(Action.DELETE, resource, resource)
        for resource in reversed(unwanted)
        if not resource.terminating and resource.inside not in going
    ]
    return changes


def differs(have: Any, want: Any) -> bool:
    """Whether a wanted field is missing or other in `have`. Fields that only `have` has belong to somebody else.

    Lists of named things (containers, volumes, ports) are matched by name, as server-side apply does; other
    lists have to be equal in length and order. An empty value and an absent one are the same, and one that is
    wanted empty has to be: what somebody adds to the selector of every pod makes it select fewer.
    """
    if isinstance(want, Mapping):
        if not isinstance(have, Mapping):
            return bool(want) or have is not None
        return any(differs(have.get(key), value) for key, value in want.items()) if want else bool(have)
    if isinstance(want, list | tuple):
        return _lists_differ(have or [], want)
    return bool(have != want)


def _lists_differ(have: Any, want: Sequence[Any]) -> bool:
    if not isinstance(have, list | tuple):
        return True
    if want and all(isinstance(item, Mapping) and "name" in item for item in want):
        named = {item.get("name"): item for item in have if isinstance(item, Mapping)}
        return any(differs(named.get(item["name"]), item) for item in want)
    return len(have) != len(want) or any(differs(*pair) for pair in zip(have, want, strict=True))
