"""What is built from a Binding, without a network."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from ringfence_api.binding import Binding, OpenAIEmbedding, SqliteBinding, VectorBinding
from ringfence_dataplane.app import make_app
from ringfence_dataplane.credentials import Credentials, MissingCredential
from ringfence_dataplane.ports import Unavailable
from ringfence_dataplane.tenancy import maintenance
from ringfence_dataplane.wiring import wire
from tests.unit.dataplane.support.service import binding

NOBODY = "http://127.0.0.1:9/v1"


def usable(directory: Path, **changes: Any) -> Binding:
    """A Binding of stores in `directory` and models that do not answer, with its credentials."""
    for name in ("cache-key", "manifest-key", "token-key"):
        (directory / name).write_text(secrets.token_hex(32))
    return binding(
        **{
            "lexical": SqliteBinding(path=str(directory / "documents.db"), doc_types=["handbook"]),
            "vectors": VectorBinding(directory=str(directory / "vectors"), dimensions=4),
            "embedding": OpenAIEmbedding(base_url=NOBODY, model="none", dimensions=4),
            "llm": binding().llm.model_copy(update={"base_url": NOBODY}),
            **changes,
        }
    )


async def test_an_app_starts_serves_and_stops(tmp_path: Path) -> None:
    lines: list[str] = []
    parts = wire(usable(tmp_path), Credentials(tmp_path), lines.append)
    app = make_app(parts)
    async with app.router.lifespan_context(app):
        ready, checks = await parts.checks()
        assert ready
        assert checks["documents"] == "ok"
    assert lines == []


async def test_a_service_that_keeps_failing_opens_its_circuit_and_is_counted(tmp_path: Path) -> None:
    parts = wire(usable(tmp_path), Credentials(tmp_path), lambda _: None)
    async with parts.life():
        for _ in range(6):
            with pytest.raises(Unavailable):
                await parts.tools.llm.complete([{"role": "user", "content": "hello?"}], 0.2)
    labels = {"service_name": "llm", "event_type": "open"}
    assert parts.tools.metrics.registry.get_sample_value("circuit_breaker_events_total", labels) == 1


async def test_bm25_searches_are_timed(tmp_path: Path) -> None:
    whole = usable(tmp_path)
    parts = wire(whole, Credentials(tmp_path), lambda _: None)
    async with parts.life():
        found = await parts.tools.retrieve(maintenance(whole), "anything?", parts.tools.embedder)
    assert found.degraded == ("vectors",)
    own = {"tenant_id": "acme"}
    assert parts.tools.metrics.registry.get_sample_value("bm25_search_latency_seconds_count", own) == 1


@pytest.mark.parametrize("name", ["cache-key", "manifest-key", "token-key"])
def test_every_missing_key_stops_the_start(tmp_path: Path, name: str) -> None:
    whole = usable(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(MissingCredential, match=name):
        wire(whole, Credentials(tmp_path), json.loads)


def test_rs256_without_keys_stops_the_start(tmp_path: Path) -> None:
    auth = binding().auth.model_copy(update={"algorithm": "RS256", "jwks_uri": None})
    with pytest.raises(ValueError, match="jwks_uri"):
        wire(usable(tmp_path, auth=auth), Credentials(tmp_path), json.loads)
