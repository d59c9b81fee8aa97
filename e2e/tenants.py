"""What a tenant's app does: ask for a token, ingest, query; and the credentials that its pods hold."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from e2e.kubectl import Kubectl

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


@dataclass(frozen=True)
class TenantClient:
    """An app of one tenant that talks to one data plane (its own, or on purpose another's)."""

    http: httpx.Client = field(repr=False)
    tenant: str
    token: str = field(repr=False)

    def headers(self, **more: str) -> dict[str, str]:
        """The headers of an honest caller."""
        return {"Authorization": f"Bearer {self.token}", "X-Tenant-ID": self.tenant, **more}

    def ask(self, question: str, **more: Any) -> httpx.Response:
        """POST /api/query."""
        return self.http.post("/api/query", json={"query": question, **more}, headers=self.headers())

    def ingest(self, document: dict[str, Any]) -> httpx.Response:
        """POST /api/documents."""
        return self.http.post("/api/documents", json=document, headers=self.headers())


def token(kubectl: Kubectl, tenant: str, *arguments: str) -> str:
    """A development token, made by the command that people use."""
    import subprocess
    import sys

    done = subprocess.run(
        [str(Path(sys.executable).parent / "ringfence"), "token", tenant, "--cluster", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={"KUBECONFIG": str(kubectl.kubeconfig), "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def dataplane(kubectl: Kubectl, tenant: str) -> Iterator[httpx.Client]:
    """An HTTP client at the data plane of `tenant`."""
    with (
        kubectl.port_forward(f"tenant-{tenant}", "svc/dataplane", 8000) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
    ):
        yield http


def credential(kubectl: Kubectl, tenant: str, key: str) -> str:
    """One credential of a tenant, read as an attacker who has stolen the pod's Secret would."""
    data = kubectl.get("-n", f"tenant-{tenant}", "secret", "credentials")["data"]
    return base64.b64decode(data[key]).decode()


def handbook(tenant: str) -> list[dict[str, Any]]:
    """The example documents of a tenant, as request bodies; a subfolder is a document type."""
    kinds = {".md": "text/markdown", ".html": "text/html", ".txt": "text/plain"}
    folder = EXAMPLES / "handbooks" / tenant
    return [
        {
            "id": page.stem,
            "title": page.stem.replace("-", " "),
            "content": page.read_text(),
            "content_type": kinds[page.suffix],
            "doc_type": "handbook" if page.parent == folder else page.parent.name,
        }
        for page in sorted(folder.rglob("*.*"))
        if page.suffix in kinds
    ]


def questions(tenant: str) -> list[dict[str, str]]:
    """Example questions: each with the document that holds the answer and the fact it must state."""
    asked: list[dict[str, str]] = yaml.safe_load((EXAMPLES / "questions.yaml").read_text())[tenant]
    return asked


def conditions(kubectl: Kubectl, tenant: str) -> dict[str, dict[str, Any]]:
    """Conditions of a Tenant by type."""
    status = kubectl.get("tenant", tenant).get("status", {})
    return {condition["type"]: condition for condition in status.get("conditions", [])}
