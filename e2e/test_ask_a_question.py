"""Promise: a tenant's app ingests documents, asks, and gets a cited answer of a real model from its own documents."""

import uuid

import httpx
import pytest

from e2e.kubectl import Kubectl, eventually
from e2e.tenants import TenantClient, handbook, questions

TENANTS = ("acme", "globex")


@pytest.mark.parametrize("tenant", TENANTS)
def test_an_answer_states_the_fact_and_cites_the_document_that_holds_it(
    apps: dict[str, TenantClient], tenant: str
) -> None:
    answered = []
    for question in questions(tenant):
        body = apps[tenant].ask(question["question"]).raise_for_status().json()

        assert body["tenant_id"] == tenant
        uuid.UUID(body["query_id"])
        assert body["sources"][0]["score"] >= 0.3
        own = {document["id"] for document in handbook(tenant)}
        assert {source["document_id"] for source in body["sources"]} <= own
        assert question["document"] in {source["document_id"] for source in body["sources"]}
        assert (body["cost_dollars"] > 0) is not body["cache_hit"]  # a cached answer costs nothing
        cited = {source["document_id"] for source in body["sources"] if f"[{source['citation']}]" in body["answer"]}
        answered.append(question["fact"] in body["answer"] and question["document"] in cited)
    # A 135M-parameter model misses now and then; it must not miss often.
    assert sum(answered) >= 0.8 * len(answered), f"{tenant}: {answered}"


def test_the_answer_is_written_by_the_model_that_the_tenant_names(
    ready: Kubectl, apps: dict[str, TenantClient], acme: httpx.Client
) -> None:
    def tokens() -> float:
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in acme.get("/metrics").text.splitlines()
            if line.startswith("llm_tokens_generated_total{") and 'tenant_id="acme"' in line
        )

    before = tokens()
    nonce = uuid.uuid4().hex[:8]  # a question that no cache has seen
    apps["acme"].ask(f"{questions('acme')[0]['question']} (ticket {nonce})").raise_for_status()

    assert tokens() > before


def test_the_same_facts_asked_at_the_other_tenant_never_show_up(apps: dict[str, TenantClient]) -> None:
    for asking, other in (("acme", "globex"), ("globex", "acme")):
        for question in questions(other):
            body = apps[asking].ask(question["question"]).raise_for_status().json()
            text = body["answer"] + " ".join(source["content"] for source in body["sources"])
            assert question["fact"] not in text, f"{asking} learned {other}'s {question['fact']!r}"


def test_an_updated_document_is_answered_fresh_and_a_deleted_one_is_gone(apps: dict[str, TenantClient]) -> None:
    app = apps["acme"]
    page = {
        "id": "e2e-parking",
        "title": "Parking",
        "doc_type": "handbook",
        "content_type": "text/markdown",
        "content": "# Parking\n\nThe bicycle cellar of the Zelkova building has 41 stands.",
    }
    question = "How many stands has the bicycle cellar of the Zelkova building?"
    app.ingest(page).raise_for_status()
    assert "41" in app.ask(question).json()["sources"][0]["content"]

    app.ingest({**page, "content": page["content"].replace("41", "57")}).raise_for_status()

    def fresh() -> bool:
        content = app.ask(question).json()["sources"][0]["content"]
        return "57" in content and "41 stands" not in content

    eventually(fresh, "the new text is found", seconds=5)
    deleted = app.http.delete("/api/documents/e2e-parking", headers=app.headers())
    assert deleted.status_code in (200, 204)
    assert app.http.get("/api/documents/e2e-parking", headers=app.headers()).status_code == 404

    def gone() -> bool:
        return "e2e-parking" not in {source["document_id"] for source in app.ask(question).json()["sources"]}

    eventually(gone, "the deleted document is not found any more", seconds=5)


def test_the_second_identical_question_is_answered_from_the_cache(apps: dict[str, TenantClient]) -> None:
    question = f"{questions('globex')[0]['question']} ({uuid.uuid4().hex[:6]})"
    first = apps["globex"].ask(question).raise_for_status().json()
    second = apps["globex"].ask(question).raise_for_status().json()

    assert second["answer"] == first["answer"]
    assert second["cache_hit"] is True
    assert second["query_id"] != first["query_id"]


def test_every_query_leaves_an_audit_line_without_the_question(ready: Kubectl, apps: dict[str, TenantClient]) -> None:
    body = apps["acme"].ask("Which audit marker is unmistakable, zanzibar?").raise_for_status().json()

    def line() -> str | None:
        return next(
            (row for row in _log(ready, "acme").splitlines() if body["query_id"] in row and "audit" in row), None
        )

    assert eventually(line, "the audit line", seconds=20)
    assert "zanzibar" not in _log(ready, "acme")


def _log(kubectl: Kubectl, tenant: str) -> str:
    return kubectl(
        "-n", f"tenant-{tenant}", "logs", "-l", "app.kubernetes.io/name=ringfence-dataplane", "--tail=-1", "--since=5m"
    )
