"""Passages."""

import itertools
import time

from hypothesis import given
from hypothesis import strategies as st

from ringfence_dataplane.ingest.chunking import MAX_CHARACTERS, MAX_WORDS, passages
from ringfence_dataplane.ingest.extract import Unreadable, extract
from ringfence_dataplane.ingest.text import plain


def cut(raw: str, content_type: str = "text/markdown") -> list[str]:
    text = extract(raw, content_type)
    return [text.content[passage.start : passage.end] for passage in passages(text)]


def test_a_section_is_a_passage_with_its_heading() -> None:
    first = "# Leave\n\n" + "You get days off. " * 26
    second = "## Sickness\n\n" + "Stay at home then. " * 26
    assert cut(f"{first}\n\n{second}") == [first.strip(), second.strip()]


def test_small_sections_are_read_together() -> None:
    raw = "# Wifi\n\nThe name is Guest.\n\n## Password\n\nAsk at the desk."
    assert cut(raw) == [raw]


def test_a_long_section_is_cut_between_sentences_and_repeats_the_last_of_them() -> None:
    sentences = [f"This is sentence number {n} of a long section." for n in range(60)]
    found = cut(" ".join(sentences))
    assert len(found) > 2
    for former, following in itertools.pairwise(found):
        assert former.endswith(".")
        shared = following.split(". ")[0] + "."
        assert shared in former
    assert all(any(sentence in passage for passage in found) for sentence in sentences)


def test_text_without_spaces_is_cut_too() -> None:
    found = cut("好" * 5000, "text/plain")
    assert all(len(passage) <= MAX_CHARACTERS for passage in found)
    assert "".join(found) == "好" * 5000


@given(
    st.lists(
        st.text(alphabet=st.sampled_from("ab. !?\n#好。"), max_size=900)
        | st.integers(1, 400).map(lambda n: "word " * n),
        max_size=6,
    )
)
def test_passages_are_within_limits_in_order_and_leave_nothing_out(parts: list[str]) -> None:
    try:
        text = extract("\n\n".join(parts), "text/plain")
    except Unreadable:
        return
    found = passages(text)
    covered: set[int] = set()
    for passage in found:
        content = text.content[passage.start : passage.end]
        assert 0 < len(content) <= MAX_CHARACTERS
        assert len(content.split()) <= MAX_WORDS
        assert content == content.strip()
        covered.update(range(passage.start, passage.end))
    assert [passage.start for passage in found] == sorted({passage.start for passage in found})
    assert all(place in covered for place, letter in enumerate(text.content) if not letter.isspace())


def test_a_large_text_takes_little_time() -> None:
    text = plain("A sentence of some words that goes on. " * 25_000)
    assert len(passages(text)) > 1000


def test_very_many_very_short_lines_take_bounded_time() -> None:
    text = plain("a\n" * 60_000)
    began = time.process_time()
    found = passages(text)
    assert time.process_time() - began < 2.5
    assert found[-1].end == len(text.content)
