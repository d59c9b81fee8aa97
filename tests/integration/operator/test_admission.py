"""Promise: the API server refuses what Python refuses, with the same words."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from ringfence_api.tenant import InvalidTenant, Tenant
from tests.integration.operator.cluster import Cluster
from tests.integration.operator.conftest import ROOT, tenant
from tests.unit.api.test_crd import BROKEN


@pytest.mark.parametrize("message", BROKEN)
def test_a_rule_is_enforced_at_apply_and_on_a_laptop_with_the_same_message(cluster: Cluster, message: str) -> None:
    body = tenant("refused", **BROKEN[message])

    refused = cluster.apply(body)

    assert refused.status_code == 422
    assert message in refused.json()["message"]
    with pytest.raises(InvalidTenant, match=re.escape(message)):
        Tenant.parse(body)
    assert cluster.get("ringfence.dev/v1alpha1", "Tenant", "refused") is None


@pytest.mark.parametrize("name", ["a" * 41, "4acme", "acme.eu"])
def test_a_name_that_would_not_be_unique_everywhere_is_refused(cluster: Cluster, name: str) -> None:
    refused = cluster.apply(tenant(name))

    assert refused.status_code == 422
    assert "for example `acme`" in refused.json()["message"]


@pytest.mark.parametrize("name", ["acme", "globex"])
def test_an_example_is_stored_with_the_defaults_that_python_knows(cluster: Cluster, name: str) -> None:
    body = yaml.safe_load((ROOT / "examples" / "tenants" / f"{name}.yaml").read_text())
    body["metadata"]["name"] = f"stored-{name}"

    stored: dict[str, Any] = cluster.apply(body).raise_for_status().json()

    assert Tenant.parse(stored).spec == Tenant.parse(body).spec
    defaults = Tenant.parse(body).spec.model_dump(by_alias=True, exclude_none=True)
    assert stored["spec"] == defaults
    cluster.delete("ringfence.dev/v1alpha1", "Tenant", f"stored-{name}")


def test_the_storage_class_cannot_change(cluster: Cluster) -> None:
    body = tenant("classy", storage={"size": "1Gi", "storageClassName": "fast"})
    cluster.apply(body).raise_for_status()
    body["spec"]["storage"]["storageClassName"] = "slow"

    refused = cluster.apply(body)

    assert refused.status_code == 422
    assert "cannot change" in refused.json()["message"]
    cluster.delete("ringfence.dev/v1alpha1", "Tenant", "classy")


def test_an_unknown_field_never_reaches_the_operator(cluster: Cluster) -> None:
    refused = cluster.apply(tenant("injected", image="evil:latest"))

    assert refused.status_code >= 400 or "image" not in refused.json()["spec"]
