"""Text of documents."""

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence_dataplane.ingest.extract import CONTENT_TYPES, Unreadable, extract
from ringfence_dataplane.ingest.text import Text

HTML = """<!doctype html><html><head><title>Pension &amp;  benefits</title><style>p { color: red }</style>
<script>alert("not text")</script></head><body><nav>Home</nav>
<h1>Pension</h1><p>Acme pays <b>7</b> percent.<br>Really.</p>
<ul><li>soup</li><li>bread <a href="http://x.test">and butter</a></li></ul>
<table><tr><th>day</th><th>dish</th></tr><tr><td>Monday</td><td>pea &lt; bean</td></tr></table>
<h2>Health</h2>A free check.</body></html>"""


def text_or_reason(raw: str, content_type: str) -> str:
    try:
        return extract(raw, content_type).content
    except Unreadable as refused:
        return str(refused)


def parts(text: Text) -> list[str]:
    return [text.content[block.start : block.end] for block in text.blocks]


def test_html_becomes_what_a_reader_sees() -> None:
    text = extract(HTML, "text/html")
    assert text.title == "Pension & benefits"
    assert parts(text) == [
        "# Pension", "Acme pays 7 percent. Really.", "- soup", "- bread and butter", "day dish", "Monday pea < bean",
        "## Health", "A free check.",
    ]  # fmt: skip
    assert [block.heading for block in text.blocks] == [True, False, False, False, False, False, True, False]
    assert text.content == "\n\n".join(parts(text))


def test_markdown_is_kept_and_its_blocks_are_found() -> None:
    raw = "# Leave\r\n\r\nYou get *25* days.\r\nAsk early.\r\n\r\n- one\r\n- two\r\n\r\n"
    raw += "```\n# no heading\n```\n\n## More\nEnd."
    text = extract(raw, "text/markdown")
    assert text.title == "Leave"
    assert text.content == raw.replace("\r\n", "\n")
    assert parts(text) == [
        "# Leave", "You get *25* days.\nAsk early.", "- one\n- two", "```\n# no heading\n```", "## More", "End.",
    ]  # fmt: skip
    assert [block.heading for block in text.blocks] == [True, False, False, False, True, False]


def test_plain_text_is_cut_at_blank_lines() -> None:
    assert parts(extract("one\ntwo\n\n \n three \n\n", "text/plain")) == ["one\ntwo", "three"]


def test_invisible_characters_are_left_out() -> None:
    assert extract("a\x00b\x1b[31m c\ud800 d\x9f\te", "text/plain").content == "ab[31m c d\te"


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
@pytest.mark.parametrize("raw", ["", " \n\t ", "\x00", "<p></p>\n" * 0, "***", "---\n\n***"])
def test_a_document_without_text_is_unreadable(content_type: str, raw: str) -> None:
    with pytest.raises(Unreadable, match="no text"):
        extract(raw, content_type)


def test_an_unknown_type_is_unreadable_and_told_what_is_known() -> None:
    with pytest.raises(Unreadable, match="text/markdown"):
        extract("%PDF-", "application/pdf")


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
@pytest.mark.parametrize(
    "raw",
    ["<div>" * 200_000 + "text", "[" * 100_000 + "text", "> " * 20_000 + "text", "- " * 20_000 + "text",
     "*text" * 100_000, "`" * 100_000 + "text", "text\n" * 100_000, "<table><tr><td>" * 30_000 + "text",
     "<b><p>" * 900 + "text", "<li>text" * 20_000],
)  # fmt: skip
@pytest.mark.timeout(60)
def test_hostile_nesting_takes_bounded_time(content_type: str, raw: str) -> None:
    assert re.search("text|nested more than", text_or_reason(raw, content_type))


@pytest.mark.parametrize("content_type", ["text/plain", "text/markdown"])
def test_a_long_paragraph_takes_little_more_memory_than_itself(content_type: str) -> None:
    raw = "words without a blank line\n" * 10_000
    tracemalloc.start()
    try:
        extract(raw, content_type)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(raw)


@given(st.text(max_size=400), st.sampled_from(CONTENT_TYPES))
def test_blocks_lie_in_the_text_in_order_and_apart(raw: str, content_type: str) -> None:
    try:
        text = extract(raw, content_type)
    except Unreadable:
        return
    end = 0
    for block in text.blocks:
        assert end <= block.start < block.end <= len(text.content)
        assert text.content[block.start : block.end].strip()
        end = block.end


@given(st.lists(st.text(alphabet="ab1 \n#->`*", max_size=60), max_size=8))
def test_markdown_blocks_leave_no_word_out(parts_of: list[str]) -> None:
    try:
        text = extract("\n\n".join(parts_of), "text/markdown")
    except Unreadable:
        return
    kept = {place for block in text.blocks for place in range(block.start, block.end)}
    assert all(place in kept for place, letter in enumerate(text.content) if letter.isalnum())
