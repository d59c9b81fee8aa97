"""Metrics, logs and the audit trail by themselves."""

import io
import json
import logging
from collections.abc import Iterator

import numpy as np
import pytest
import structlog

from ringfence_dataplane.telemetry import logs
from ringfence_dataplane.telemetry.audit import Audit, digest, to_stream
from ringfence_dataplane.telemetry.measured import MeasuredVectors
from ringfence_dataplane.telemetry.metrics import Metrics
from ringfence_dataplane.tenancy import maintenance
from tests.unit.dataplane.support.fakes import FakeVectors
from tests.unit.dataplane.support.service import binding


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The configured log, until the test is over."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    written = io.StringIO()
    logs.configure(stream=written)
    yield written
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_a_log_line_has_the_promised_shape(log: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(query_id="q-1"):
        logs.get_logger("ringfence.test").info("query_completed", message="Query processed", documents_retrieved=5)
    line = json.loads(log.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "ringfence.test",
        "message": "Query processed",
        "event": "query_completed",
        "context": {"query_id": "q-1", "documents_retrieved": 5},
    }


def test_libraries_log_in_the_same_shape_and_requests_to_backends_stay_quiet(log: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("port %s is busy", 8000)
    logging.getLogger("httpx").info("POST https://opensearch/genai_acme_handbook/_search")
    [line] = [json.loads(text) for text in log.getvalue().splitlines()]
    assert line["message"] == "port 8000 is busy"
    assert line["logger"] == "uvicorn.error"
    assert set(line) == {"timestamp", "level", "logger", "message", "event", "context"}


def test_an_audit_event_has_the_promised_shape_on_one_line() -> None:
    stream = io.StringIO()
    Audit("acme", to_stream(stream)).record(
        "DATA_ACCESS", "query_execution", "success", user_id="user\n1", details={"documents_accessed": ["doc-1"]}
    )
    [line] = stream.getvalue().splitlines()
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "stream": "audit",
        "event_type": "DATA_ACCESS",
        "tenant_id": "acme",
        "user_id": "user\n1",
        "action": "query_execution",
        "resource": "documents",
        "result": "success",
        "details": {"documents_accessed": ["doc-1"]},
    }


def test_equal_questions_have_equal_digests_and_show_nothing() -> None:
    assert digest("where?") == digest("where?") != digest("where")
    assert len(digest("where?")) == 64


def test_two_apps_share_no_counts() -> None:
    one, other = Metrics(), Metrics()
    one.queries.labels("acme").inc()
    assert other.registry.get_sample_value("queries_total", {"tenant_id": "acme"}) is None


async def test_a_vector_search_is_timed_under_its_store() -> None:
    metrics = Metrics()
    vectors = MeasuredVectors(FakeVectors(), metrics, "faiss")
    await vectors.search(maintenance(binding()), np.zeros(4, np.float32), 5)
    labels = {"tenant_id": "acme", "store_type": "faiss"}
    assert metrics.registry.get_sample_value("vector_search_latency_seconds_count", labels) == 1
