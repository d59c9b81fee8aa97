"""The examples are whole, and so different that a leak would show."""

import re
from itertools import permutations
from pathlib import Path

import pytest
import yaml

from ringfence_api.tenant import Tenant
from ringfence_operator.cli.dev.pages import Page, read_pages, read_questions
from ringfence_operator.cli.tenant_files import load_tenants
from tests.unit.docs.pages import ROOT

EXAMPLES = ROOT / "examples"
TENANTS: dict[str, Tenant] = {tenant.name: tenant for tenant in load_tenants([EXAMPLES / "tenants"])}
QUESTIONS = read_questions(EXAMPLES / "questions.yaml")
# Words that only one of the companies has.
OWN = {
    "acme": [
        "Acme",
        "Port Haverick",
        "Kestrel Wharf",
        "Loom Hall",
        "Lindel Flats",
        "Harbour portal",
        "Marlin",
        "Otter",
    ],
    "globex": ["Globex", "Dunmarrow", "Orchard House", "Cellars", "Pattern Works", "Almanac", "Shellcap", "Morrow"],
}


def pages(tenant: str) -> list[Page]:
    return read_pages(EXAMPLES / "handbooks" / tenant, TENANTS[tenant].spec.search.doc_types)


def states(page: Page, text: str) -> bool:
    return re.search(rf"\b{re.escape(text)}\b", page.content) is not None


def test_every_example_tenant_has_a_handbook_and_questions() -> None:
    assert set(TENANTS) == {"acme", "globex"} == set(QUESTIONS)
    assert {folder.name for folder in (EXAMPLES / "handbooks").iterdir()} == set(TENANTS)


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_handbook_has_twenty_pages_in_three_formats_and_every_type(tenant: str) -> None:
    found = pages(tenant)

    assert len(found) == 20
    assert len({page.id for page in found}) == 20
    assert {page.content_type for page in found} == {"text/markdown", "text/html", "text/plain"}
    assert {page.doc_type for page in found} == set(TENANTS[tenant].spec.search.doc_types)
    for page in found:
        assert 120 <= len(page.content.split()) <= 320, page.id
        assert len(page.content.encode()) < TENANTS[tenant].spec.limits.max_document_bytes


@pytest.mark.parametrize("tenant", TENANTS)
def test_every_page_opens_with_its_title(tenant: str) -> None:
    openings = {"text/markdown": r"# \S.*\n\n", "text/html": r"(?s).*?<h1>[^<]+</h1>", "text/plain": r"\S.{3,60}\n\n"}
    for page in pages(tenant):
        assert re.match(openings[page.content_type], page.content), page.id


@pytest.mark.parametrize("tenant", TENANTS)
def test_every_question_is_answered_by_the_page_that_it_names(tenant: str) -> None:
    by_id = {page.id: page for page in pages(tenant)}
    for question in QUESTIONS[tenant]:
        assert by_id[question.document].doc_type == question.doc_type
        assert states(by_id[question.document], question.fact), question


@pytest.mark.parametrize(("tenant", "other"), list(permutations(TENANTS, 2)))
def test_no_fact_and_no_name_of_one_tenant_occurs_at_the_other(tenant: str, other: str) -> None:
    told = [question.fact for question in QUESTIONS[tenant]] + OWN[tenant]
    leaks = [(page.id, text) for page in pages(other) for text in told if states(page, text)]

    assert leaks == []
    for text in OWN[tenant]:
        assert any(states(page, text) for page in pages(tenant)), text


def test_both_handbooks_treat_the_same_topics() -> None:
    assert {page.id for page in pages("acme")} == {page.id for page in pages("globex")}


def test_the_examples_can_be_deleted_without_a_trace_and_cost_something() -> None:
    for tenant in TENANTS.values():
        assert tenant.spec.deletion_policy == "Delete"
        assert tenant.spec.llm.input_price_per_million_tokens > 0
        assert tenant.spec.llm.output_price_per_million_tokens > 0


@pytest.mark.parametrize("file", sorted((EXAMPLES / "tenants").iterdir()), ids=lambda file: file.name)
def test_an_example_tenant_holds_nothing_but_one_tenant(file: Path) -> None:
    (body,) = yaml.safe_load_all(file.read_text())

    assert set(body) == {"apiVersion", "kind", "metadata", "spec"}
    assert body["metadata"] == {"name": file.stem}
