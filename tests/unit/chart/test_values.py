"""Every value of the chart is explained, checked by the schema and used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.unit.operator.samples import ROOT

CHART = ROOT / "charts" / "ringfence"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
TEMPLATES = "\n".join(file.read_text() for file in (CHART / "templates").glob("*"))
FREE_FORM = ("resources", "nodeSelector", "tolerations")


def leaves(values: dict[str, Any], path: str = "") -> Iterator[str]:
    """Dotted path of every value; a free-form one counts as one."""
    for key, value in values.items():
        if isinstance(value, dict) and key not in FREE_FORM:
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"


@pytest.mark.parametrize("path", list(leaves(VALUES)))
def test_every_value_is_used_by_a_template(path: str) -> None:
    assert f".Values.{path}" in TEMPLATES


@pytest.mark.parametrize("path", list(leaves(VALUES)))
def test_every_value_is_in_the_schema(path: str) -> None:
    node = SCHEMA
    for part in path.split("."):
        if "$ref" in node:
            node = SCHEMA["definitions"][node["$ref"].rsplit("/", 1)[1]]
        assert node["additionalProperties"] is False, "a misspelt value would be ignored"
        node = node["properties"][part]


def test_every_value_has_a_comment_above_it_or_above_its_group() -> None:
    lines = [*(CHART / "values.yaml").read_text().splitlines(), ""]
    top = [number for number, line in enumerate(lines) if line and line[0].isalpha()]

    bare = [
        lines[number]
        for number in top
        if not lines[number - 1].startswith("#") and not lines[number + 1].lstrip().startswith("#")
    ]

    assert bare == []


def test_the_roles_name_every_verb_and_resource() -> None:
    assert "*" not in (CHART / "templates" / "rbac.yaml").read_text()


def test_the_chart_carries_the_definition_that_is_generated() -> None:
    ours = (ROOT / "crds" / "tenants.ringfence.dev.yaml").read_text()

    assert (CHART / "crds" / "tenants.ringfence.dev.yaml").read_text() == ours


def test_the_notes_say_how_the_definition_is_upgraded_which_helm_leaves_as_it_is() -> None:
    assert "kubectl apply --server-side --force-conflicts -f charts/ringfence/crds/" in TEMPLATES
