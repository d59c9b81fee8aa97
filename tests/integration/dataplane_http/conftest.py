"""A data plane as it is served: the command in a process of its own, on embedded stores."""

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringfence_api.binding import (
    AuthBinding,
    Binding,
    CacheTtls,
    GuardBinding,
    LimitsBinding,
    LlmBinding,
    MemoryCacheBinding,
    OpenAIEmbedding,
    SearchBinding,
    SqliteBinding,
    VectorBinding,
)
from tests.integration.dataplane_http.outside import DIMENSIONS, ISSUER, Outside, free_port, running

START_SECONDS = 60


@dataclass
class Plane:
    """A running data plane of acme."""

    process: subprocess.Popen[bytes]
    port: int
    directory: Path
    outside: Outside

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, **headers: str) -> httpx.Client:
        """A client with a good token."""
        sent = {"Authorization": f"Bearer {self.outside.token()}", "X-Tenant-ID": "acme", **headers}
        return httpx.Client(base_url=self.url, headers=sent, timeout=30)

    def ask(self, question: str = "How many days of paid holiday do I get?") -> httpx.Response:
        """POST /api/query."""
        with self.client() as client:
            return client.post("/api/query", json={"query": question})

    @property
    def log(self) -> str:
        """What it wrote on stdout."""
        return (self.directory / "out.log").read_text()

    @property
    def audit(self) -> str:
        """What it wrote on stderr."""
        return (self.directory / "err.log").read_text()


def write_files(directory: Path, outside: Outside, **changes: Any) -> None:
    """Binding and credentials."""
    binding = Binding(
        tenant="acme",
        auth=AuthBinding(
            issuer=ISSUER,
            audience="ringfence",
            algorithm="RS256",
            jwks_uri=f"{outside.url}/jwks",
            leeway_seconds=30,
        ),
        lexical=SqliteBinding(path=str(directory / "documents.db"), doc_types=["handbook"]),
        vectors=VectorBinding(directory=str(directory / "vectors"), dimensions=DIMENSIONS),
        cache=MemoryCacheBinding(key_prefix="acme:"),
        cache_ttls=CacheTtls(query=60, embedding=60, answer=60),
        embedding=OpenAIEmbedding(base_url=f"{outside.url}/v1", model="stand-in", dimensions=DIMENSIONS),
        llm=LlmBinding(
            base_url=f"{outside.url}/v1",
            model="stand-in",
            input_price=1,
            output_price=1,
            max_output_tokens=64,
            timeout_seconds=10,
        ),
        search=SearchBinding(bm25_weight=0.4, vector_weight=0.6, threshold=0.3, top_k=5),
        guard=GuardBinding(prompt_injection="Block", redact_pii=["EMAIL"]),
        limits=LimitsBinding(requests_per_minute=1000, max_query_characters=10_000, max_document_bytes=65_536),
        log_query_text=False,
    ).model_copy(update=changes)
    (directory / "binding.json").write_text(binding.to_json())
    credentials = directory / "credentials"
    credentials.mkdir(exist_ok=True)
    for name in ("cache-key", "manifest-key"):
        (credentials / name).write_text(secrets.token_hex(32))


def command(directory: Path, port: int) -> list[str]:
    """The command that a pod runs."""
    files = ["--binding", str(directory / "binding.json"), "--credentials", str(directory / "credentials")]
    return [sys.executable, "-m", "ringfence_dataplane.main", "serve", *files, "--port", str(port)]


def start(directory: Path, outside: Outside) -> Plane:
    """Start it and wait until it is ready."""
    port = free_port()
    with (directory / "out.log").open("ab") as out, (directory / "err.log").open("ab") as err:
        process = subprocess.Popen(command(directory, port), stdout=out, stderr=err)
    plane = Plane(process, port, directory, outside)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, plane.log + plane.audit
        try:
            checks = httpx.get(f"{plane.url}/ready", timeout=5).json()["checks"]
            if checks["vectors"] == "ok":
                return plane
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    stop(plane)
    raise AssertionError(f"not ready within {START_SECONDS} s:\n{plane.log}{plane.audit}")


def stop(plane: Plane) -> int:
    """End it as Kubernetes does; its exit status."""
    plane.process.terminate()
    try:
        return plane.process.wait(40)
    finally:
        plane.process.kill()


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    """Identity provider and models."""
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory, outside: Outside) -> Iterator[Plane]:
    """One data plane for the tests of a file."""
    directory = tmp_path_factory.mktemp("acme")
    write_files(directory, outside)
    found = start(directory, outside)
    yield found
    stop(found)
