"""Planning: what differs is changed, what is nobody's is left, what is data is spared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence_operator.desired.resources import Desired, Resource
from ringfence_operator.reconcile.plan import differs, plan

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.dictionaries(st.text(max_size=3), JSON, max_size=4)
RESOURCES = st.lists(
    st.builds(Resource, st.sampled_from(["A", "B", "C"]), st.sampled_from(["x", "y", "z"]), BODIES),
    unique_by=lambda resource: resource.key,
    max_size=6,
)


def steps(have: list[Resource], want: Desired) -> list[str]:
    return [str(change) for change in plan(have, want)]


def made(kind: str, name: str = "x", body: dict[str, Any] | None = None, **more: Any) -> Resource:
    return Resource(kind, name, body or {}, **more)


@given(RESOURCES)
def test_where_nothing_differs_nothing_is_planned(resources: list[Resource]) -> None:
    assert plan(resources, Desired(tuple(resources))) == []


@given(RESOURCES, RESOURCES)
def test_carrying_out_a_plan_leaves_nothing_to_plan(have: list[Resource], want: list[Resource]) -> None:
    world = {resource.key: resource for resource in have}
    for change in plan(have, Desired(tuple(want))):
        if change.action.value == "delete":
            del world[change.resource.key]
        else:
            world[change.resource.key] = change.resource

    assert plan(list(world.values()), Desired(tuple(want))) == []


@given(RESOURCES)
def test_wanting_nothing_removes_everything_last_made_first(have: list[Resource]) -> None:
    assert [change.resource for change in plan(have, Desired())] == list(reversed(have))


@given(RESOURCES, st.frozensets(st.sampled_from(["A", "B", "C"])))
def test_what_is_kept_is_never_deleted(have: list[Resource], keep: frozenset[str]) -> None:
    assert not any(change.resource.kind in keep for change in plan(have, Desired(keep=keep)))


def test_what_goes_with_its_container_is_not_deleted_by_itself() -> None:
    have = [made("Namespace", "n"), made("Secret", inside="Namespace/n"), made("Note")]

    assert steps(have, Desired()) == ["delete Note/x", "delete Namespace/n"]


def test_what_is_on_its_way_out_is_neither_changed_nor_deleted_again() -> None:
    leaving = made("Claim", body={"size": 1}, terminating=True)

    assert steps([leaving], Desired()) == []
    assert steps([leaving], Desired((made("Claim", body={"size": 2}),))) == []


@pytest.mark.parametrize(
    ("have", "want", "different"),
    [
        ({"a": 1, "defaulted": 2}, {"a": 1}, False),
        ({"a": 2}, {"a": 1}, True),
        ({}, {"a": {}}, False),
        ({}, {"a": []}, False),
        ({"a": [1]}, {"a": []}, True),
        ({"a": {"b": 1}}, {"a": {}}, True),
        ({"a": {}}, {"a": {}}, False),
        ({"ports": [{"port": 1, "protocol": "TCP"}]}, {"ports": [{"port": 1}]}, False),
        ({"rules": [{"port": 1}, {"port": 2}]}, {"rules": [{"port": 1}]}, True),
        ({"containers": [{"name": "mesh"}, {"name": "ours", "image": "i"}]}, {"containers": [{"name": "ours"}]}, False),
        ({"containers": [{"name": "mesh"}]}, {"containers": [{"name": "ours"}]}, True),
        ({"a": 0}, {"a": False}, False),
        ({"a": "1"}, {"a": 1}, True),
    ],
)
def test_a_difference_is_a_wanted_field_that_is_missing_or_other(have: Any, want: Any, different: bool) -> None:
    assert differs(have, want) is different
