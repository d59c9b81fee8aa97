"""Reads Tenants from files and folders, as `kubectl apply -f` would, and says exactly where one is wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ringfence_api.tenant import InvalidTenant, Tenant
from ringfence_operator.cli.advice import advice, field_path

SUFFIXES = {".yaml", ".yml"}
MAX_FILE_BYTES = 1_048_576


class BadTenantFile(Exception):
    """A file cannot be used; the message has one line per problem: file, line, field, what to write."""


@dataclass(frozen=True)
class _Document:
    """One YAML document of a file; `node` knows the line of every field."""

    file: Path
    node: yaml.Node
    body: Any

    def place(self, path: Sequence[str | int] = ()) -> str:
        """`file:line` of the field at `path`, or of the nearest group around it."""
        node = self.node
        for part in path:
            inner = _child(node, part)
            if inner is None:
                break
            node = inner
        return f"{self.file}:{node.start_mark.line + 1}"


def load_tenants(paths: Sequence[Path]) -> list[Tenant]:
    """Every Tenant in `paths` (files with one or more YAML documents, or folders of such files), in order.

    Raises:
        BadTenantFile: with all problems of all files at once.
    """
    problems: list[str] = []
    found: dict[str, tuple[Tenant, str]] = {}
    for file in _files(paths):
        try:
            for document in _documents(file):
                tenant = _tenant(document)
                if tenant.name in found:
                    raise BadTenantFile(
                        f"{document.place()}: Tenant `{tenant.name}` is already in {found[tenant.name][1]}: "
                        "give one of them another `metadata.name`"
                    )
                found[tenant.name] = (tenant, document.place())
        except BadTenantFile as error:
            problems.append(str(error))
    if problems:
        raise BadTenantFile("\n".join(problems))
    if not found:
        raise BadTenantFile(f"no Tenant in {', '.join(map(str, paths))}: see examples/tenants/acme.yaml for one")
    return [tenant for tenant, _ in found.values()]


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.iterdir() if file.suffix in SUFFIXES and file.is_file())
        elif path.is_file():
            yield path
        else:
            raise BadTenantFile(f"{path}: no such file or folder")


def _documents(file: Path) -> Iterator[_Document]:
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise BadTenantFile(f"{file}: more than {MAX_FILE_BYTES} bytes; a Tenant is a short file")
        text = file.read_text(encoding="utf-8")
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
        bodies = list(yaml.safe_load_all(text))
    except (OSError, UnicodeDecodeError) as error:
        raise BadTenantFile(f"{file}: cannot be read ({error.__class__.__name__})") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        raise BadTenantFile(
            f"{place}: no valid YAML: {getattr(error, 'problem', None) or 'nested too deeply'}"
        ) from error
    for node, body in zip(nodes, bodies, strict=True):
        if body is not None and node is not None:
            yield _Document(file, node, body)


def _tenant(document: _Document) -> Tenant:
    if not isinstance(document.body, dict):
        raise BadTenantFile(f"{document.place()}: expected a Tenant, found {type(document.body).__name__}")
    try:
        return Tenant.parse(document.body)
    except InvalidTenant as error:
        if not isinstance(error.__cause__, ValidationError):
            raise BadTenantFile(f"{document.place()}: {error}") from error
        lines = [
            f"{document.place(item['loc'])}: {field_path(item['loc'])}: {advice(item)}"
            for item in error.__cause__.errors(include_url=False, include_input=False)
        ]
        raise BadTenantFile("\n".join(lines)) from error


def _child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: yaml.Node = node.value[part]
        return item
    return None
