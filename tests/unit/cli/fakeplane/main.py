"""`serve --binding FILE --credentials DIR --host H --port P`: keeps pages, answers with the first one that it got.

A tenant named `crash` ends at once, one named `forgetful` answers without text, one named `open` lets anybody in.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.unit.cli.fakeplane.server import Reply, serve


def argument(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


binding = json.loads(Path(argument("--binding")).read_text())
tenant = binding["tenant"]
key = Path(argument("--credentials"), "token-key").read_text().strip().encode()
pages: dict[str, dict[str, Any]] = {}


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "==")


def genuine(headers: dict[str, str]) -> bool:
    head, body, signature = headers["authorization"].removeprefix("Bearer ").split(".")
    if not hmac.compare_digest(hmac.digest(key, f"{head}.{body}".encode(), hashlib.sha256), decoded(signature)):
        return False
    claims = json.loads(decoded(body))
    expected = (tenant, binding["auth"]["issuer"], binding["auth"]["audience"])
    return (claims["tenant_id"], claims["iss"], claims["aud"]) == expected and claims["exp"] > time.time()


def reply(path: str, headers: dict[str, str], body: dict[str, Any]) -> Reply:
    if path == "/ready":
        return 200, {}
    if tenant != "open" and not genuine(headers):
        return 403, {"title": "Forbidden", "status": 403, "detail": "the token belongs to another tenant"}
    if path == "/api/documents":
        pages[body["id"]] = body
        return 201, {"id": body["id"]}
    return 200, {
        "answer": "" if tenant == "forgetful" else " ".join(page["content"] for page in pages.values()) + " [1]",
        "sources": [
            {"citation": n, "document_id": page["id"], "doc_type": page["doc_type"], "title": page["id"], "score": 0.9}
            for n, page in enumerate(pages.values(), 1)
        ],
        "tenant_id": tenant,
        "query_id": "0b5c7a3e-0000-4000-8000-000000000000",
        "cost_dollars": 0.00004,
        "degraded": [],
    }


if tenant == "crash":
    sys.exit("binding: this tenant cannot be served")
serve(int(argument("--port")), reply)
