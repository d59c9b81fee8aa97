"""The data plane over real sockets: documents in, answers out, refusals, failures, restarts."""

import json
import socket
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.integration.dataplane_http.conftest import Plane, command, start, stop, write_files
from tests.integration.dataplane_http.outside import Outside, free_port, lines

PAGE = {
    "id": "leave",
    "doc_type": "handbook",
    "content_type": "text/markdown",
    "content": "# Annual leave\n\nEvery full-time employee gets 27 days of paid holiday a year.",
}


@pytest.fixture(autouse=True)
def page(plane: Plane) -> None:
    """The page that every test here asks about."""
    plane.outside.model_down, plane.outside.model_seconds = False, 0.0
    with plane.client() as client:
        assert client.post("/api/documents", json=PAGE).status_code in (200, 201)


def test_a_document_goes_in_and_its_fact_comes_out(plane: Plane) -> None:
    body = plane.ask().raise_for_status().json()
    assert body["answer"] == "You get 27 days of paid holiday [1]."
    assert body["grounded"] is True
    assert body["sources"][0]["document_id"] == "leave"
    assert body["sources"][0]["title"] == "Annual leave"
    assert body["degraded"] == []
    assert body["cost_dollars"] >= 0


def test_an_updated_document_is_answered_fresh_and_a_removed_one_is_gone(plane: Plane) -> None:
    question = "How many stands has the bicycle cellar?"
    with plane.client() as client:
        for number in ("41", "57"):
            page = {**PAGE, "id": "cellar", "content": f"# Cellar\n\nThe bicycle cellar has {number} stands."}
            client.post("/api/documents", json=page).raise_for_status()
            plane.outside.answer = f"The bicycle cellar has {number} stands [1]."
            body = plane.ask(question).json()
            assert number in body["sources"][0]["content"]
            assert number in body["answer"]
        assert client.delete("/api/documents/cellar").status_code == 204
        assert client.get("/api/documents/cellar").status_code == 404
    assert "cellar" not in {source["document_id"] for source in plane.ask(question).json()["sources"]}
    plane.outside.answer = "You get 27 days of paid holiday [1]."


def test_a_foreign_token_is_refused_and_leaves_a_security_event(plane: Plane) -> None:
    foreign = plane.outside.token("globex")
    with plane.client(Authorization=f"Bearer {foreign}") as client:
        response = client.post("/api/query", json={"query": "What is the secret?"})
    assert response.status_code == 403
    events = [event for event in lines(plane.audit) if event["event_type"] == "SECURITY_EVENT"]
    assert events[-1]["details"]["attacker_id"] == "globex"
    assert events[-1]["details"]["query_id"] == response.headers["x-request-id"]
    assert foreign not in plane.audit + plane.log


def test_log_and_audit_are_json_lines_without_the_question(plane: Plane) -> None:
    response = plane.ask("Where is the zanzibar desk for someone@example.org?")
    query_id = response.json()["query_id"]
    assert [line["event"] for line in lines(plane.log) if line["context"].get("query_id") == query_id] == [
        "query_completed",
        "request_completed",
    ]
    assert [event["action"] for event in lines(plane.audit) if event["details"].get("query_id") == query_id] == [
        "query_execution"
    ]
    for secret in ("zanzibar", "someone@example.org"):
        assert secret not in plane.log + plane.audit
    assert "someone@example.org" not in json.dumps(plane.outside.asked)


def test_a_model_that_refuses_leaves_sources_and_recovers_by_itself(plane: Plane) -> None:
    plane.outside.model_down = True
    body = plane.ask("How many days of paid holiday does the boss get?").json()
    assert body["answer"] == ""
    assert body["sources"]
    assert body["degraded"] == ["llm"]
    plane.outside.model_down = False
    assert plane.ask("How many days of paid holiday does the boss get?").json()["degraded"] == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /api/query HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", {400}),
        (b"POST /api/query HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", {400, 413}),
        (b"POST /api/query HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", {400, 401}),
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", {401, 404}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", {200, 400, 431}),
    ],
)
def test_broken_http_is_refused_and_the_server_lives_on(plane: Plane, raw: bytes, status: set[int]) -> None:
    with socket.create_connection(("127.0.0.1", plane.port), timeout=10) as connection:
        connection.sendall(raw)
        try:
            answered = connection.recv(4096)
        except ConnectionResetError:
            answered = b""
    assert not answered or int(answered.split(b" ")[1]) in status
    assert httpx.get(f"{plane.url}/health", timeout=10).status_code == 200


def test_a_request_in_flight_is_finished_on_sigterm_and_documents_survive(
    tmp_path: Path, outside: Outside, plane: Plane
) -> None:
    write_files(tmp_path, outside)
    own = start(tmp_path, outside)
    with own.client() as client:
        client.post("/api/documents", json=PAGE).raise_for_status()
    outside.model_seconds = 2.0
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(own.ask()))
    asking.start()
    before = len(outside.asked)
    deadline = time.monotonic() + 10
    while len(outside.asked) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stop(own) == 0
    asking.join(10)
    outside.model_seconds = 0.0
    assert answers[0].json()["answer"] == "You get 27 days of paid holiday [1]."

    again = start(tmp_path, outside)
    try:
        assert again.ask().json()["sources"][0]["document_id"] == "leave"
    finally:
        stop(again)


def test_without_identity_provider_nobody_gets_in(tmp_path: Path, outside: Outside, plane: Plane) -> None:
    write_files(tmp_path, outside)
    text = (
        (tmp_path / "binding.json").read_text().replace(f"{outside.url}/jwks", f"http://127.0.0.1:{free_port()}/jwks")
    )
    (tmp_path / "binding.json").write_text(text)
    own = start(tmp_path, outside)
    try:
        response = own.ask()
        assert response.status_code == 503
        assert response.headers["retry-after"]
        assert response.headers["content-type"] == "application/problem+json"
    finally:
        stop(own)


def test_a_bad_binding_is_one_line_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "binding.json").write_text("{}")
    done = subprocess.run(command(tmp_path, free_port()), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "no Binding of this version" in done.stderr


def test_a_port_that_is_taken_is_one_line_and_a_status(tmp_path: Path, plane: Plane) -> None:
    write_files(tmp_path, plane.outside)
    done = subprocess.run(command(tmp_path, plane.port), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "address already in use" in done.stdout
