"""The CustomResourceDefinition, built from the pydantic models as a Kubernetes structural schema."""

from copy import deepcopy
from typing import Any

from ringfence_api.labels import API_VERSION, GROUP, KIND, PLURAL, VERSION
from ringfence_api.schema import ApiModel
from ringfence_api.spec import TenantSpec
from ringfence_api.tenant import NAME_MAX_LENGTH, NAME_MESSAGE, NAME_PATTERN, TenantStatus

_KEPT = (
    "type", "description", "default", "enum", "pattern", "minimum", "maximum", "format",
    "minLength", "maxLength", "minItems", "maxItems",
    "x-kubernetes-list-type", "x-kubernetes-list-map-keys",
)  # fmt: skip

Schema = dict[str, Any]


def structural(model: type[ApiModel]) -> Schema:
    """OpenAPI schema of `model` without $ref, anyOf and titles, with its CEL rules."""
    whole = model.model_json_schema(by_alias=True)
    rules = {cls.__name__: cls.rules for cls in _models(model)}
    return _convert(whole, whole.get("$defs", {}), rules, model.__name__)


def _models(model: type[ApiModel]) -> list[type[ApiModel]]:
    found = [model]
    for field in model.model_fields.values():
        for candidate in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(candidate, type) and issubclass(candidate, ApiModel):
                found += _models(candidate)
    return found


def _convert(node: Schema, defs: Schema, rules: dict[str, Any], name: str = "") -> Schema:
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        node = {**defs[name], **{key: value for key, value in node.items() if key != "$ref"}}
    if "anyOf" in node:  # `X | None`: an absent field, since Kubernetes drops nulls
        kind = next(option for option in node["anyOf"] if option.get("type") != "null")
        outer = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
        node = {**kind, **outer}
        return _convert(node, defs, rules)
    result = {key: node[key] for key in _KEPT if key in node}
    if "const" in node:
        result["enum"] = [node["const"]]
    if "properties" in node:
        result["properties"] = {key: _convert(value, defs, rules) for key, value in node["properties"].items()}
        if required := node.get("required"):
            result["required"] = required
        elif result.get("default") is None and name not in ("TenantStatus", "TenantSpec"):
            # So that an absent group gets its defaults. They are spelled out, since the API server evaluates the
            # group's rules on this very value.
            result["default"] = {
                key: deepcopy(value["default"]) for key, value in result["properties"].items() if "default" in value
            }
    if "items" in node:
        result["items"] = _convert(node["items"], defs, rules)
    if rules.get(name):
        result["x-kubernetes-validations"] = [{"rule": rule.cel, "message": rule.message} for rule in rules[name]]
    return result


def tenant_crd() -> Schema:
    """The CustomResourceDefinition of Tenants."""
    name_rule = {
        "rule": f"self.metadata.name.size() <= {NAME_MAX_LENGTH} && self.metadata.name.matches('{NAME_PATTERN}')",
        "message": NAME_MESSAGE,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Cluster",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["tn"],
                "categories": ["ringfence"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": _columns(),
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "description": f"{KIND} ({API_VERSION}): a RAG service of its own for one tenant",
                            "required": ["spec"],
                            "x-kubernetes-validations": [name_rule],
                            "properties": {
                                "apiVersion": {"type": "string"},
                                "kind": {"type": "string"},
                                "metadata": {"type": "object"},
                                "spec": structural(TenantSpec),
                                "status": structural(TenantStatus),
                            },
                        }
                    },
                }
            ],
        },
    }


def _columns() -> list[Schema]:
    ready = ".status.conditions[?(@.type=='Ready')]"
    return [
        {"name": "Ready", "type": "string", "jsonPath": f"{ready}.status"},
        {"name": "Reason", "type": "string", "jsonPath": f"{ready}.reason"},
        {"name": "Endpoint", "type": "string", "jsonPath": ".status.endpoint"},
        {"name": "Message", "type": "string", "jsonPath": f"{ready}.message", "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
