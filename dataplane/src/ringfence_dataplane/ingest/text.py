"""Text of a document and its blocks: paragraphs, headings, lists. Everything here is plain computation."""

import re
from dataclasses import dataclass

# What no reader sees and no index should hold: control characters but tab and line feed, and lone surrogates.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Unreadable(Exception):
    """No text can be had from a document; the message says why."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the text, `end` exclusive, that ends where an author ended a thought."""

    start: int
    end: int
    heading: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """What is stored of a document. `title` is empty where the document names none."""

    title: str
    content: str
    blocks: tuple[Block, ...]


def clean(raw: str) -> str:
    """Text with line feeds as the only line ends and without invisible control characters."""
    return _UNSEEN.sub("", raw.replace("\r\n", "\n").replace("\r", "\n"))


def plain(raw: str) -> Text:
    """Text whose blocks are separated by blank lines."""
    content = clean(raw).strip()
    return Text("", content, tuple(paragraphs(content)))


def paragraphs(content: str, offset: int = 0) -> list[Block]:
    """Stretches between blank lines; `offset` is added to all positions."""
    # By lines and without going back: a step for every character took 120 bytes of memory each.
    return [
        Block(offset + found.start(), offset + found.end())
        for found in re.finditer(r"\S(?:[^\n]+|\n(?!\s*\n))*+", content)
        if found.group().strip()
    ]
