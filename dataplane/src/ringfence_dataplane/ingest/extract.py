"""Text of a document by its media type."""

from ringfence_dataplane.ingest.html import html
from ringfence_dataplane.ingest.markdown import markdown
from ringfence_dataplane.ingest.text import Text, Unreadable, plain

__all__ = ["CONTENT_TYPES", "Unreadable", "extract"]

_BY_TYPE = {"text/plain": plain, "text/markdown": markdown, "text/html": html}
CONTENT_TYPES = tuple(_BY_TYPE)


def extract(raw: str, content_type: str) -> Text:
    """Text and blocks.

    Raises:
        Unreadable: an unknown media type, or nothing to read in the document.
    """
    reader = _BY_TYPE.get(content_type)
    if reader is None:
        raise Unreadable(f"content type {content_type!r} is unknown; known are {', '.join(CONTENT_TYPES)}")
    text = reader(raw)
    if not any(character.isalnum() for character in text.content):
        raise Unreadable("the document has no text")
    return text
