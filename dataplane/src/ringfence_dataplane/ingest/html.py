"""HTML: its readable text, with headings marked as in Markdown. Nothing is fetched and no script is run."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ringfence_dataplane.ingest.text import Block, Text, Unreadable, clean

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _HEADINGS | {
    "p", "div", "section", "article", "main", "header", "footer", "aside", "ul", "ol", "li", "dl", "dt", "dd",
    "table", "tr", "thead", "tbody", "blockquote", "pre", "figure", "figcaption", "hr", "form", "fieldset", "address",
    "body", "details", "summary",
}  # fmt: skip
_UNREADABLE = (
    "script",
    "style",
    "template",
    "noscript",
    "head",
    "nav",
    "svg",
    "iframe",
    "object",
    "textarea",
    "select",
)
_CELLS = frozenset({"td", "th"})
MAX_DEPTH = 1000
"""The parser's time grows with the square of the depth; no document that people read comes near this."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
# Elements that need no end tag do not nest by being repeated.
_UNENDED = frozenset({
    "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "br", "hr", "img", "input", "meta",
    "link", "col", "area", "base", "source", "track", "wbr", "embed",
})  # fmt: skip


def html(raw: str) -> Text:
    """Readable text of an HTML document; its title is the one in its head, else its first heading.

    Raises:
        Unreadable: nested beyond reason.
    """
    source = clean(raw)
    if _depth(source) > MAX_DEPTH:
        raise Unreadable(f"its elements are nested more than {MAX_DEPTH} deep")
    tree = LexborHTMLParser(source)
    named = tree.css_first("title") or tree.css_first("h1")
    title = " ".join(named.text().split()) if named is not None else ""
    for unreadable in tree.css(", ".join(_UNREADABLE)):
        unreadable.decompose()
    writer = _Writer()
    if tree.body is not None:
        writer.walk(tree.body)
    return writer.done(title)


def _depth(source: str) -> int:
    """How deep elements nest at the most, judged by their tags alone."""
    depth = deepest = 0
    for ending, name in _TAG.findall(source):
        if name.lower() not in _UNENDED:
            depth = max(0, depth - 1) if ending else depth + 1
            deepest = max(deepest, depth)
    return deepest


class _Writer:
    """Collects blocks. Walks without recursion: a document may nest a million elements."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._blocks: list[tuple[str, bool]] = []
        self._prefix = ""

    def walk(self, root: LexborNode) -> None:
        todo: list[tuple[LexborNode, bool]] = [(root, False)]
        while todo:
            node, leaving = todo.pop()
            if node.tag == "-text":
                self._parts.append(node.text_content or "")
            elif leaving:
                self._break()
            else:
                self._enter(node, todo)

    def done(self, title: str) -> Text:
        self._break()
        blocks, start = [], 0
        for text, heading in self._blocks:
            blocks.append(Block(start, start + len(text), heading))
            start += len(text) + 2
        return Text(title, "\n\n".join(text for text, _ in self._blocks), tuple(blocks))

    def _enter(self, node: LexborNode, todo: list[tuple[LexborNode, bool]]) -> None:
        tag = node.tag or ""
        if tag in _BLOCKS:
            self._break()
            todo.append((node, True))
            self._prefix = "#" * int(tag[1]) + " " if tag in _HEADINGS else "- " if tag == "li" else ""
        elif tag == "br" or tag in _CELLS:
            self._parts.append(" ")
        todo.extend((child, False) for child in reversed(list(node.iter(include_text=True))))

    def _break(self) -> None:
        text = " ".join("".join(self._parts).split())
        if text:
            self._blocks.append((self._prefix + text, self._prefix.startswith("#")))
        self._parts.clear()
        self._prefix = ""
