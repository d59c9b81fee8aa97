"""Turns what pydantic says about a field of a Tenant into what to write instead."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from ringfence_api.crd import structural
from ringfence_api.spec import TenantSpec


def advice(item: Mapping[str, Any]) -> str:
    """One sentence for one entry of `ValidationError.errors()` of a Tenant."""
    path = item["loc"][1:] if item["loc"] and item["loc"][0] == "spec" else item["loc"]
    kind, message = item["type"], str(item["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind == "missing":
        return f"missing: add `{path[-1]}`{_described(_schema(path))}"
    if kind == "string_pattern_mismatch":
        schema = _schema(path)
        return f"expected {schema.get('description') or 'text that matches ' + str(schema.get('pattern'))}"
    return message[:1].lower() + message[1:] if message[:6] in ("Input ", "String") else message


def field_path(location: Sequence[str | int]) -> str:
    """`spec.search.docTypes[1]`, as kubectl writes it."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")


def _unknown(path: Sequence[str | int]) -> str:
    known = sorted(_schema(path[:-1]).get("properties", {}))
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    if close:
        return f"unknown field; did you mean `{close[0]}`?"
    return f"unknown field; the fields here are {', '.join(known)}" if known else "unknown field: remove it"


def _described(schema: Mapping[str, Any]) -> str:
    return f" ({schema['description']})" if schema.get("description") else ""


def _schema(path: Sequence[str | int]) -> Mapping[str, Any]:
    """The schema of the field at `path` below spec; an empty one if there is no such field."""
    schema: Mapping[str, Any] = structural(TenantSpec)
    for part in path:
        schema = schema.get("items", {}) if isinstance(part, int) else schema.get("properties", {}).get(part, {})
    return schema
