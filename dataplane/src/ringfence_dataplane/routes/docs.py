"""A page that shows an OpenAPI document: plain HTML, no script, nothing fetched from elsewhere."""

import json
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .8rem; border-radius: 6px; overflow-x: auto; }
section { border: 1px solid var(--line); border-radius: 8px; padding: .2rem 1rem 1rem; margin: 1rem 0; }
h2 code { font-size: 1rem; } .method { font-weight: 700; padding: .1rem .5rem; border-radius: 4px; color: #fff; }
.get { background: #1a7f37; } .post { background: #0757ba; } .put { background: #8a5a00; }
.delete { background: #b3261e; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
border-bottom: 1px solid var(--line); } nav a { margin-right: 1rem; }
"""


def render(document: dict[str, Any]) -> str:
    """The page."""
    info = document["info"]
    title = escape(info["title"])
    operations = [
        (method, path, operation) for path, item in document["paths"].items() for method, operation in item.items()
    ]
    links = "".join(
        f'<li><a href="#{escape(operation["operationId"])}"><code>{method.upper()} {escape(path)}</code></a> '
        f"{escape(operation['summary'])}</li>"
        for method, path, operation in operations
    )
    sections = "".join(_operation(method, path, operation) for method, path, operation in operations)
    schemas = "".join(_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items()))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>'
        f"<h1>{title}</h1><p>{escape(info['description'])}</p><pre>{escape(_example(document))}</pre>"
        f'<p>For machines: <a href="/openapi.json">/openapi.json</a></p><ul>{links}</ul>{sections}'
        f"<h1>Schemas</h1>{schemas}</body></html>"
    )


def _example(document: dict[str, Any]) -> str:
    tenant = document["components"]["parameters"]["tenant"]["schema"]["const"]
    return (
        f"curl -s $ENDPOINT/api/query -H \"Authorization: Bearer $TOKEN\" -H 'X-Tenant-ID: {tenant}' \\\n"
        "  -H 'Content-Type: application/json' -d '{\"query\": \"How many days of holiday do I get?\"}'"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    body = operation.get("requestBody")
    request = f"<p>Body: {_content(body['content'])}</p>" if body else ""
    rows = "".join(
        f"<tr><td><code>{escape(status)}</code></td><td>{escape(reply['description'])}</td>"
        f"<td>{_content(reply.get('content', {}))}</td></tr>"
        for status, reply in operation["responses"].items()
    )
    needs = escape(operation.get("description", "Needs no token."))
    return (
        f'<section id="{escape(operation["operationId"])}"><h2><span class="method {escape(method)}">{method.upper()}'
        f"</span> <code>{escape(path)}</code></h2><p>{escape(operation['summary'])} {needs}</p>{request}"
        f"<table><tr><th>Status</th><th>Meaning</th><th>Body</th></tr>{rows}</table></section>"
    )


def _content(content: dict[str, Any]) -> str:
    return ", ".join(f"<code>{escape(kind)}</code> {_type(media['schema'])}" for kind, media in content.items())


def _schema(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code>{' (required)' if field in required else ''}</td>"
        f"<td>{_type(spec)}</td><td>{escape(spec.get('description', ''))}</td></tr>"
        for field, spec in schema.get("properties", {}).items()
    )
    return (
        f'<section id="schema-{escape(name)}"><h2><code>{escape(name)}</code></h2>'
        f"<p>{escape(schema.get('description', ''))}</p>"
        f"<table><tr><th>Field</th><th>Type</th><th>Meaning</th></tr>{rows}</table></section>"
    )


def _type(spec: dict[str, Any]) -> str:
    if "$ref" in spec:
        name = escape(spec["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#schema-{name}"><code>{name}</code></a>'
    if "anyOf" in spec:
        return " or ".join(_type(option) for option in spec["anyOf"])
    if "enum" in spec or "const" in spec:
        return (
            f"<code>{escape(' | '.join(json.dumps(value) for value in spec.get('enum', [spec.get('const')])))}</code>"
        )
    if spec.get("type") == "array":
        return f"list of {_type(spec['items'])}"
    limits = [f"{key} {spec[key]}" for key in ("minLength", "maxLength", "pattern") if key in spec]
    return f"<code>{escape(str(spec.get('type', 'any')))}</code> {escape(', '.join(limits))}"
