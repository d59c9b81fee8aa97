"""What a reviewer sees of a change: the objects of the example tenant, as files.

After a change on purpose run `RINGFENCE_UPDATE_GOLDEN=1 pytest tests/unit/operator/test_golden_manifests.py` and
review the difference.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ringfence_operator.desired.manifests import FOUNDATION, WORKLOAD, manifests
from ringfence_operator.desired.opensearch import opensearch_resources
from ringfence_operator.desired.redis import redis_resources
from ringfence_operator.desired.resources import Desired
from tests.unit.operator.samples import ROOT, serve

GOLDEN = ROOT / "tests" / "golden"
UPDATE = os.environ.get("RINGFENCE_UPDATE_GOLDEN") == "1"


def check(name: str, value: list[dict[str, Any]]) -> None:
    """Compare with the golden file, or write it."""
    file: Path = GOLDEN / f"{name}.yaml"
    text = yaml.safe_dump_all(value, sort_keys=False, width=110)
    if UPDATE:
        file.write_text(text)
    assert file.exists(), f"{file} is missing: see how to update golden files at the top of {Path(__file__).name}"
    assert text == file.read_text(), f"{file.name} differs: see the top of {Path(__file__).name}"


def listed(desired: Desired) -> list[dict[str, Any]]:
    """Resources of a backend that is not Kubernetes."""
    return [{resource.key: {**resource.body, **resource.write_only}} for resource in desired.resources]


def test_manifests_of_the_example_tenant_are_the_reviewed_ones() -> None:
    check("acme-kubernetes", manifests(serve()))


def test_opensearch_of_the_example_tenant_is_the_reviewed_one() -> None:
    check("acme-opensearch", listed(opensearch_resources(serve())))


def test_redis_of_the_example_tenant_is_the_reviewed_one() -> None:
    check("acme-redis", listed(redis_resources(serve())))


@pytest.mark.parametrize("part", [FOUNDATION, WORKLOAD], ids=["foundation", "workload"])
def test_what_is_made_is_looked_for_under_the_same_name(part: Any) -> None:
    goal = serve()

    made = [
        (m.body["kind"], m.body["metadata"].get("namespace", ""), m.body["metadata"]["name"])
        for m in part.desired(goal).resources
    ]

    assert made == [(ref.kind, ref.namespace, ref.name) for ref in part.inventory(goal.namespace)]


def test_the_same_tenant_gives_the_same_bytes() -> None:
    assert yaml.safe_dump_all(manifests(serve())) == yaml.safe_dump_all(manifests(serve()))
