"""What a model may read: retrieved passages, numbered, without personal data and without instructions."""

from collections.abc import Sequence
from dataclasses import dataclass

from ringfence_dataplane.documents import Hit
from ringfence_dataplane.guard.injection import without_injections
from ringfence_dataplane.guard.pii import redact


@dataclass(frozen=True, slots=True)
class Passage:
    """One numbered source. `shown` is what the caller sees, `readable` what the model sees."""

    number: int
    hit: Hit
    shown: str
    readable: str
    injections: tuple[str, ...]

    @property
    def title(self) -> str:
        """Title of the document."""
        return self.hit.chunk.title


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
        redacted = redact(hit.chunk.content, kinds)
        for kind, count in redacted.counts.items():
            total[kind] += count
        readable, found = without_injections(redacted.text)
        items.append(Passage(number, hit, redacted.text, readable, tuple(found)))
    return Passages(tuple(items), {kind: count for kind, count in total.items() if count})
