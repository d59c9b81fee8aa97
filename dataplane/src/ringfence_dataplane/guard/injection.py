"""Prompt injection: named patterns, tried on every reading of a text.

Patterns are the first wall, not the only one: what a model is asked is also kept apart from what it reads, and its
answer is checked against the sources. Each pattern names the attack it recognises, so that a refusal can say so.
"""

import re
from dataclasses import dataclass

from ringfence_dataplane.guard.normal import readings
from ringfence_dataplane.guard.patterns import PATTERNS, Pattern


@dataclass(frozen=True, slots=True)
class Finding:
    """The pattern that matched."""

    name: str
    meaning: str


def find_injection(text: str) -> Finding | None:
    """The first pattern that matches any reading of a question."""
    return _first(text, PATTERNS)


def find_injection_in_document(text: str) -> Finding | None:
    """As `find_injection`, by the patterns that say something about a document."""
    return _first(text, tuple(pattern for pattern in PATTERNS if pattern.in_documents))


def _first(text: str, patterns: tuple[Pattern, ...]) -> Finding | None:
    views = readings(text)
    for pattern in patterns:
        if any(pattern.regex.search(view) for view in views):
            return Finding(pattern.name, pattern.meaning)
    return None


def without_injections(passage: str) -> tuple[str, list[str]]:
    """A passage without the sentences that carry instructions to a model, and the names of what was found.

    A passage that as a whole carries an instruction spread over sentences is emptied.
    """
    if find_injection_in_document(passage) is None:
        return passage, []
    kept, found = [], []
    for sentence in re.split(r"(?<=[.!?])\s+|\n+", passage):
        finding = find_injection_in_document(sentence)
        if finding is None:
            kept.append(sentence)
        else:
            found.append(finding.name)
    remaining = "\n".join(kept)
    whole = find_injection_in_document(remaining)
    if whole is not None:
        return "", [*found, whole.name]
    return remaining, found
