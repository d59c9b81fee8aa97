"""Cuts text into passages: at headings, then between blocks, then between sentences, and inside one if it must."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ringfence_dataplane.ingest.text import Block, Text

MAX_WORDS = 180
"""About 240 tokens of English: the built-in embedder reads 256."""
MAX_CHARACTERS = 1200
"""For text without spaces, where words say little about length."""
MIN_WORDS = 100
"""A section with fewer is read together with the next one: one passage stands for its document in an answer, and on a
short page the fact often stands in the section beside the one that has the question's words."""
OVERLAP_WORDS = 30
"""Whole sentences up to this length are repeated where a section is cut, since an answer may straddle the cut."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*\s+|(?<=[。！？])|\n")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of the text, `end` exclusive."""

    start: int
    end: int


def passages(text: Text) -> list[Passage]:
    """Passages in order; together they cover every block, and each is within the limits."""
    return [passage for section in _sections(text) for passage in _pack(text.content, section)]


def _sections(text: Text) -> Iterator[list[Block]]:
    section: list[Block] = []
    words = 0
    for block in text.blocks:
        if block.heading and words >= MIN_WORDS:
            yield section
            section, words = [], 0
        section.append(block)
        words += _words(text.content, block.start, block.end)
    if section:
        yield section


def _pack(content: str, section: Sequence[Block]) -> Iterator[Passage]:
    """Sentences of a section, as many as fit together."""
    pending: list[Passage] = []
    for sentence in (sentence for block in section for sentence in _sentences(content, block)):
        if pending and not _fits(content, pending[0].start, sentence.end):
            yield Passage(pending[0].start, pending[-1].end)
            pending = _overlap(content, pending, sentence)
        pending.append(sentence)
    if pending:
        yield Passage(pending[0].start, pending[-1].end)


def _overlap(content: str, written: Sequence[Passage], following: Passage) -> list[Passage]:
    kept: list[Passage] = []
    for sentence in reversed(written[1:]):
        if _words(content, sentence.start, written[-1].end) > OVERLAP_WORDS:
            break
        if not _fits(content, sentence.start, following.end):
            break
        kept.insert(0, sentence)
    return kept


def _sentences(content: str, block: Block) -> Iterator[Passage]:
    start = block.start
    for found in _SENTENCE_END.finditer(content, block.start, block.end):
        yield from _pieces(content, start, found.start())
        start = found.end()
    yield from _pieces(content, start, block.end)


def _pieces(content: str, start: int, end: int) -> Iterator[Passage]:
    """A sentence without the space around it, in pieces where it is too long for a passage."""
    while start < end and content[start].isspace():
        start += 1
    while end > start and content[end - 1].isspace():
        end -= 1
    while start < end:
        stop = end if _fits(content, start, end) else _cut(content, start, end)
        yield Passage(start, stop)
        start = stop
        while start < end and content[start].isspace():
            start += 1


def _cut(content: str, start: int, end: int) -> int:
    """Where to end a piece that begins at `start`: behind a word if one ends in time."""
    stop = start
    for count, word in enumerate(_WORD.finditer(content, start, min(end, start + MAX_CHARACTERS)), start=1):
        whole = word.end() < start + MAX_CHARACTERS
        if count > MAX_WORDS or not whole:
            break
        stop = word.end()
    return stop if stop > start else min(end, start + MAX_CHARACTERS)


def _fits(content: str, start: int, end: int) -> bool:
    return end - start <= MAX_CHARACTERS and _words(content, start, end) <= MAX_WORDS


def _words(content: str, start: int, end: int) -> int:
    """Words of a stretch; counting stops where no passage is that long."""
    return len(content[start:end].split(None, MAX_WORDS + 1))
