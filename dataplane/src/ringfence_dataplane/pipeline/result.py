"""What comes out of the pipeline."""

from dataclasses import dataclass
from decimal import Decimal

from ringfence_dataplane.pipeline.passages import Passage


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or the best that could be had.

    `grounded`: every sentence of `text` is borne out by the source it cites. `cached`: no backend was asked for the
    text. `degraded` names what was missing: `llm`, `vectors`, `opensearch`, `cache`.
    """

    text: str
    sources: tuple[Passage, ...]
    query_id: str
    cost: Decimal
    degraded: tuple[str, ...]
    cached: bool
    grounded: bool


class Refused(Exception):
    """The guard does not let a question in; `pattern` names why."""

    def __init__(self, pattern: str, meaning: str) -> None:
        super().__init__(pattern)
        self.pattern = pattern
        self.meaning = meaning
