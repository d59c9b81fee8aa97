"""Pages and questions are read as they lie in folders."""

from pathlib import Path

import pytest

from ringfence_operator.cli.dev.pages import BadDocuments, Page, read_pages, read_questions
from ringfence_operator.cli.dev.plan import beside


def test_the_folder_gives_the_type_and_the_file_name_the_id(tmp_path: Path) -> None:
    (tmp_path / "product").mkdir()
    (tmp_path / "leave.md").write_text("# Leave")
    (tmp_path / "visit.HTML").write_text("<h1>Visit</h1>")
    (tmp_path / "product" / "care.txt").write_text("Care")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")

    assert read_pages(tmp_path, ["handbook", "product"]) == [
        Page("leave", "handbook", "text/markdown", "# Leave"),
        Page("care", "product", "text/plain", "Care"),
        Page("visit", "handbook", "text/html", "<h1>Visit</h1>"),
    ]


def test_a_text_page_is_titled_by_its_first_line_and_others_by_their_heading() -> None:
    def title(content_type: str, content: str) -> str | None:
        return Page("visit", "handbook", content_type, content).body().get("title")

    assert title("text/plain", "Visitors\n\nThey are welcome.") == "Visitors"
    assert title("text/plain", "They are welcome.\nThey ring the bell.") is None
    assert title("text/plain", "x" * 81 + "\n\nThey are welcome.") is None
    assert title("text/markdown", "# Visitors\n\nThey are welcome.") is None


def test_a_folder_that_is_no_document_type_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "plan.md").write_text("# Plan")

    with pytest.raises(BadDocuments, match=r"`secret` is no document type of this tenant \(handbook\)"):
        read_pages(tmp_path, ["handbook"])


def test_a_page_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "leave.md").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(BadDocuments, match=r"leave\.md: no UTF-8"):
        read_pages(tmp_path, ["handbook"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acme: [", "cannot be read"),
        ("acme:\n- question: Why?\n", r"acme\.0\.document: Field required; see examples"),
        ("- acme\n", "see examples/questions.yaml"),
    ],
)
def test_a_questions_file_of_another_form_is_refused_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "questions.yaml"
    file.write_text(text)

    with pytest.raises(BadDocuments, match=said):
        read_questions(file)


def test_a_missing_questions_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadDocuments, match="cannot be read"):
        read_questions(tmp_path / "questions.yaml")


def test_documents_are_looked_for_beside_the_tenants(tmp_path: Path) -> None:
    tenants, handbooks = tmp_path / "tenants", tmp_path / "handbooks"
    tenants.mkdir()
    handbooks.mkdir()
    (tenants / "acme.yaml").touch()

    assert beside([tenants], "handbooks") == handbooks
    assert beside([tenants / "acme.yaml"], "handbooks") == handbooks
    assert beside([tenants], "nothing") is None
