"""The CRD is generated, structural, and says in Python what it says in CEL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ringfence_api.crd import tenant_crd
from ringfence_api.generate import rendered
from ringfence_api.schema import ApiModel, Rule
from ringfence_api.spec import TenantSpec
from ringfence_api.tenant import InvalidTenant, Tenant
from tests.unit.operator.samples import ROOT, tenant_body

SCHEMA: dict[str, Any] = tenant_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
EXAMPLES = sorted((ROOT / "examples" / "tenants").glob("*.yaml"))


def nodes(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema node with its path."""
    yield path, node
    for name, inner in node.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")


@pytest.mark.parametrize(
    "file", ["crds/tenants.ringfence.dev.yaml", "charts/ringfence/crds/tenants.ringfence.dev.yaml"]
)
def test_the_written_definition_is_not_stale(file: str) -> None:
    assert (ROOT / file).read_text() == rendered(), "run `make generate` and commit the result"


def test_the_schema_is_structural() -> None:
    for path, node in nodes(SCHEMA):
        assert "type" in node, path
        assert not set(node) & {"$ref", "anyOf", "oneOf", "allOf", "title", "x-kubernetes-preserve-unknown-fields"}, (
            path
        )


def test_nothing_of_a_pod_can_be_chosen() -> None:
    found = {path.rsplit(".", 1)[-1].lower() for path, _ in nodes(SCHEMA["properties"]["spec"])}

    assert not found & {"image", "command", "args", "env", "hostpath", "serviceaccountname", "podspec", "namespace"}


def test_every_string_and_list_is_bounded() -> None:
    for path, node in nodes(SCHEMA["properties"]["spec"]):
        if node["type"] == "string":
            assert "enum" in node or "maxLength" in node, path
        if node["type"] == "array":
            assert "maxItems" in node, path


def test_a_default_of_a_group_holds_every_default_inside_it() -> None:
    # The API server evaluates the group's rules on this value as it stands.
    for path, node in nodes(SCHEMA["properties"]["spec"]):
        if node["type"] == "object" and "default" in node:
            inside = {key: value["default"] for key, value in node["properties"].items() if "default" in value}
            assert node["default"] == inside, path


def test_defaults_in_the_schema_are_the_models_own() -> None:
    spec = Tenant.parse(tenant_body()).spec.model_dump(by_alias=True)
    for group, node in SCHEMA["properties"]["spec"]["properties"].items():
        written = tenant_body()["spec"].get(group, {})
        for field, inner in node.get("properties", {}).items():
            if "default" in inner and field not in written and inner["type"] != "object":
                assert spec[group][field] == inner["default"], f"{group}.{field}"


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: Path(file).stem)
def test_the_examples_are_valid(file: Path) -> None:
    Tenant.parse(yaml.safe_load(file.read_text()))


BROKEN: dict[str, dict[str, Any]] = {
    "HS256 is for development": {"auth": {"issuer": "https://i.example", "algorithm": "HS256"}},
    "RS256 needs": {"auth": {"issuer": "https://i.example"}},
    "weights must add up to 1": {"search": {"docTypes": ["a"], "weights": {"bm25": 0.9, "vector": 0.6}}},
    "provider OpenAI needs": {"embedding": {"provider": "OpenAI", "model": "m"}},
    "provider Builtin is": {"embedding": {"provider": "Builtin", "model": "other"}},
    "`minReplicas` must not be above": {"scaling": {"minReplicas": 5, "maxReplicas": 2}},
}


@pytest.mark.parametrize("message", BROKEN)
def test_a_broken_rule_says_what_to_write_instead(message: str) -> None:
    with pytest.raises(InvalidTenant, match=message):
        Tenant.parse(tenant_body(**BROKEN[message]))


def rules(model: type[ApiModel] = TenantSpec) -> Iterator[Rule]:
    """Every rule of a model and of the groups in it."""
    yield from model.rules
    for field in model.model_fields.values():
        for candidate in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(candidate, type) and issubclass(candidate, ApiModel):
                yield from rules(candidate)


def test_every_rule_is_in_the_definition_and_has_an_example_that_breaks_it() -> None:
    text = rendered()
    in_schema = {
        validation["message"] for _, node in nodes(SCHEMA) for validation in node.get("x-kubernetes-validations", [])
    }
    without_example = [
        rule.message
        for rule in rules()
        if "oldSelf" not in rule.cel and not any(rule.message.startswith(start) for start in BROKEN)
    ]

    assert {rule.message for rule in rules()} <= in_schema
    assert without_example == []
    assert "oldSelf" in text


@pytest.mark.parametrize(
    "spec",
    [
        {"image": "evil:latest"},
        {"llm": {"baseUrl": "http://169.254.169.254/latest", "model": "m"}},
        {"llm": {"baseUrl": "http://0x7f.1/v1", "model": "m"}},
        {"llm": {"baseUrl": "http://[::1]/v1", "model": "m"}},
        {"llm": {"baseUrl": "http://user:pw@llm.example/v1", "model": "m"}},
        {"llm": {"baseUrl": "file:///etc/passwd", "model": "m"}},
        {"llm": {"baseUrl": "http://llm.example:65536/v1", "model": "m"}},
        {"llm": {"baseUrl": "http://llm.example:0/v1", "model": "m"}},
        {"llm": {"baseUrl": "https://llm.example/v1", "model": "m", "apiKeySecret": "../other"}},
        {"storage": {"size": "1E30"}},
        {"storage": {"size": "-1Gi"}},
        {"storage": {"size": "500m"}},
        {"scaling": {"memory": "512m"}},
        {"scaling": {"cpu": "1Gi"}},
        {"search": {"docTypes": ["a"], "weights": {"bm25": 0.401, "vector": 0.6}}},
        {"scaling": {"maxReplicas": 10**9}},
        {"search": {"docTypes": ["a_b"]}},
        {"search": {"docTypes": []}},
        {"search": {"docTypes": ["a", "a"]}},
        {"guard": {"redactPii": ["EMAIL", "EMAIL"]}},
        {"network": {"ingressFrom": ["shop", "shop"]}},
        {"network": {"ingressFrom": ["*"]}},
        {"deletionPolicy": "Shred"},
    ],
)  # fmt: skip
def test_a_hostile_spec_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(InvalidTenant):
        Tenant.parse(tenant_body(**spec))
