"""Markdown: kept as it was written; only headings, fenced code and blank lines matter for cutting it.

A full parser in Python takes seconds for some documents of a few hundred kilobytes; this takes time in proportion to
the length, whatever the document.
"""

import re
from collections.abc import Iterator

from ringfence_dataplane.ingest.text import Block, Text, clean

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def markdown(raw: str) -> Text:
    """Text of a Markdown document; its title is the first heading of the first level."""
    content = clean(raw).strip()
    blocks: list[Block] = []
    title = ""
    for start, line, level in _lines(content):
        text = line.strip()
        if not text:
            continue
        begin = start + len(line) - len(line.lstrip())
        end = begin + len(text)
        if level:
            blocks.append(Block(begin, end, heading=True))
            if level == 1 and not title:
                title = text.strip("# \t")
        elif blocks and not blocks[-1].heading and _touches(content, blocks[-1].end, begin):
            blocks[-1] = Block(blocks[-1].start, end)
        else:
            blocks.append(Block(begin, end))
    return Text(title, content, tuple(blocks))


def _lines(content: str) -> Iterator[tuple[int, str, int]]:
    """(position, line, level of the heading that it is or 0)."""
    start, fence = 0, ""
    for line in content.split("\n"):
        opened = _FENCE.match(line)
        if fence:
            if opened and opened[1].startswith(fence) and line.strip() == opened[1]:
                fence = ""
            level = 0
        elif opened:
            fence, level = opened[1], 0
        else:
            heading = _HEADING.fullmatch(line)
            level = len(heading[1]) if heading else 0
        yield start, line, level
        start += len(line) + 1


def _touches(content: str, end: int, start: int) -> bool:
    """Whether two lines stand directly below each other."""
    return content.count("\n", end, start) <= 1
