"""What a model may read: retrieved passages, numbered, without personal data and without instructions."""

from collections.abc import Sequence
from dataclasses import dataclass

from ringfence_dataplane.documents import Hit
from ringfence_dataplane.guard.injection import without_injections
from ringfence_dataplane.guard.pii import redact


@dataclass(frozen=True, slots=True)
class Passage:
    """One numbered source. `shown` and `shown_title` are what the caller sees, `readable` and `title` what the model
    sees."""

    number: int
    hit: Hit
    shown_title: str
    shown: str
    title: str
    readable: str
    injections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passages:
    """All sources of one answer, best first, and the personal data that was taken out of them."""

    items: tuple[Passage, ...]
    redactions: dict[str, int]

    @property
    def readable(self) -> list[Passage]:
        """Sources of which something is left for the model."""
        return [passage for passage in self.items if passage.readable.strip()]

    @property
    def injections(self) -> list[tuple[str, str]]:
        """(chunk id, pattern) of instructions that were found in passages."""
        return [(passage.hit.chunk.id, name) for passage in self.items for name in passage.injections]


def prepare(hits: Sequence[Hit], kinds: Sequence[str]) -> Passages:
    """Number the hits from 1, redact personal data of `kinds`, and keep instructions from the model."""
    items, total = [], dict.fromkeys(kinds, 0)
    for number, hit in enumerate(hits, start=1):
        # On one line: a title's line feeds could imitate the lines of the prompt.
        named = redact(" ".join(hit.chunk.title.split()), kinds)
        redacted = redact(hit.chunk.content, kinds)
        for kind, count in (named.counts + redacted.counts).items():
            total[kind] += count
        title, found_in_title = without_injections(named.text)
        readable, found = without_injections(redacted.text)
        items.append(
            Passage(
                number, hit, named.text, redacted.text, title, readable, tuple(dict.fromkeys(found_in_title + found))
            )
        )
    return Passages(tuple(items), {kind: count for kind, count in total.items() if count})
