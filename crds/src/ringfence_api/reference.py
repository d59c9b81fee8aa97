"""Writes docs/tenant.md from the models: `python -m ringfence_api.reference FILE`, or with --check fails when stale."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from ringfence_api.crd import structural
from ringfence_api.labels import API_VERSION
from ringfence_api.schema import ApiModel
from ringfence_api.spec import TenantSpec
from ringfence_api.tenant import NAME_MESSAGE, TenantStatus

Schema = dict[str, Any]

_HEAD = f"""\
<!-- Generated from crds/src/ringfence_api by `make generate`. Do not edit. -->
# The Tenant

`apiVersion: {API_VERSION}`, `kind: Tenant`, cluster-scoped, short name `tn`. Namespace, indices and users are
derived from its name: {NAME_MESSAGE}.

[examples/tenants/acme.yaml](../examples/tenants/acme.yaml) is a commented example. A field that is not listed here is
refused, by `kubectl apply` as well as by `ringfence dev`.
"""


def rendered() -> str:
    """The page as Markdown."""
    parts = [_HEAD, *_group("spec", TenantSpec, structural(TenantSpec))]
    parts.append("## status\n\nWritten by the operator.\n\n| field | type | meaning |\n| --- | --- | --- |")
    for name, field in structural(TenantStatus)["properties"].items():
        parts.append(f"| `{name}` | {_type(field)} | {_cell(field.get('description', ''))} |")
    return "\n".join(parts) + "\n"


def _group(path: str, model: type[ApiModel], schema: Schema) -> Iterator[str]:
    """A section for `model`, and after it one for each group inside."""
    yield f"## {path}\n"
    yield (model.__doc__ or "").strip() + "\n"
    yield "| field | type | default | meaning |\n| --- | --- | --- | --- |"
    inner = []
    for field in model.model_fields.values():
        name = str(field.alias)
        shape = schema["properties"][name]
        if isinstance(field.annotation, type) and issubclass(field.annotation, ApiModel):
            inner.append((f"{path}.{name}", field.annotation, shape))
            yield f"| `{name}` | group | | [{path}.{name}](#{_anchor(path + name)}) |"
        else:
            yield f"| `{name}` | {_type(shape)} | {_default(field)} | {_cell(_meaning(shape))} |"
    yield ""
    if model.rules:
        yield "Refused with one of these messages:\n"
        yield "\n".join(f"- {rule.message}" for rule in model.rules) + "\n"
    for group in inner:
        yield from _group(*group)


def _anchor(heading: str) -> str:
    return heading.replace(".", "").lower()


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return "none"
    if isinstance(value, list):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(shape: Schema) -> str:
    if "enum" in shape:
        return _one_of(shape["enum"])
    if shape["type"] == "array":
        return f"list of {_type(shape['items'])}"
    return "group" if shape["type"] == "object" else str(shape["type"])


def _one_of(values: Sequence[str]) -> str:
    return ", ".join(f"`{value}`" for value in values[:-1]) + f" or `{values[-1]}`"


def _meaning(shape: Schema) -> str:
    bounds = []
    if "minimum" in shape:
        bounds.append(f"{shape['minimum']} to {shape['maximum']}")
    if "maxLength" in shape:
        bounds.append(f"at most {shape['maxLength']} characters")
    if "maxItems" in shape:
        bounds.append(f"at most {shape['maxItems']}")
    if "pattern" in shape and "description" not in shape:
        bounds.append(f"matches `{shape['pattern']}`")
    return "; ".join(part for part in (shape.get("description", ""), ", ".join(bounds)) if part)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Write or check the file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true", help="fail when the file is stale, write nothing")
    arguments = parser.parse_args()
    fresh = arguments.file.exists() and arguments.file.read_text() == rendered()
    if arguments.check:
        if not fresh:
            print(f"{arguments.file} is stale: run `make generate` and commit the result", file=sys.stderr)
        sys.exit(0 if fresh else 1)
    if not fresh:
        arguments.file.write_text(rendered())
        print(f"wrote {arguments.file}")


if __name__ == "__main__":
    main()
