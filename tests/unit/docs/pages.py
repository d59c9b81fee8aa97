"""The documentation as data: pages, code blocks, links."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md"), *ROOT.glob("charts/*/*.md")])
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A code block."""

    page: Path
    language: str
    text: str

    def commands(self) -> list[str]:
        """Lines of a shell block with continuation lines joined and comments left out."""
        joined = self.text.replace("\\\n", " ")
        lines = [re.sub(r"(^|\s)# .*", "", line).strip() for line in joined.splitlines()]
        return [line for line in lines if line]


def blocks(*languages: str) -> list[Block]:
    """Code blocks of all pages in one of these languages."""
    return [
        Block(page, language, text)
        for page in PAGES
        for language, text in _FENCE.findall(page.read_text())
        if language in languages
    ]


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _FENCE.sub("", page.read_text())


def commands() -> list[tuple[Path, str]]:
    """Every command that a page tells its reader to run."""
    return [(block.page, command) for block in blocks("sh") for command in block.commands()]
