"""From what a model wrote to what is said: only sentences that a source bears out, each with its source's number.

A sentence stands when the source has its names, when one sentence of the source has its numbers together with enough
of its other words, and when it comes before the first sentence that does not stand: a model that has begun to invent
goes on inventing. This catches what a model makes up or mixes up; it cannot catch a source misread.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ringfence_dataplane.pipeline.passages import Passage
from ringfence_dataplane.pipeline.words import content, names, numbers, sentences

UNCITED_SHARE = 0.6  # of a sentence's words that a source must have if the model did not cite it
CITED_SHARE = 0.3  # the same where it did: paraphrase is welcome
MAX_SENTENCES = 3
"""One was asked for; what comes after the third is chatter."""
_MARK = re.compile(r"\s*\[\s*(\d{1,2}(?:\s*[,;]\s*\d{1,2})*)\s*\]")
# Weak models go on to write the next question, or the sources again.
_ECHO = re.compile(r"^\s*(?:Question|Q|Sources?|User|Most relevant)\s*:", re.IGNORECASE | re.MULTILINE)
_IMAGE = re.compile(r"!\[[^\]\n]{0,500}\]\([^)\n]{0,2000}\)|<[a-zA-Z/!][^>\n]{0,2000}>")
_LINK = re.compile(r"\[([^\]\n]{0,500})\]\(([^)\n]{0,2000})\)")
_OPEN_MARK = re.compile(r"\[\s*\d{0,2}\s*(?![^\]\n]{0,40}\])")
_PREFIX = re.compile(r"^\s*(?:the )?(?:final )?answer(?: is)?\s*:\s*", re.IGNORECASE | re.MULTILINE)
_NOT = re.compile(r"\b(?:not|never|no|nobody|none|cannot|without)\b|n't\b", re.IGNORECASE)
_LAST_STOP = re.compile(r".*[.!?\]\n]", re.DOTALL)
_ABSTAINS = re.compile(
    r"\b(?:sources?|documents?|passages?|context)\b.{0,40}\b(?:do|does|did)(?: not|n't)\b"
    r"|\bi (?:do not|don't|cannot|can't) (?:know|find|answer|determine)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cited:
    """The sentences that stand, with `[n]`; how many did not; whether the model said that it cannot say."""

    text: str
    numbers: tuple[int, ...]
    dropped: int
    abstained: bool

    @property
    def grounded(self) -> bool:
        """Whether anything stands."""
        return bool(self.text)


def cite(written: str, passages: Sequence[Passage], question: str) -> Cited:
    """Keep what `passages` bear out."""
    kept: list[str] = []
    used: list[int] = []
    seen: list[set[str]] = []
    dropped = 0
    cleaned = _clean(written, passages)
    for sentence in sentences(_marks_before_the_stop(cleaned)):
        marked = _marked(sentence)
        bare = _MARK.sub("", sentence).strip()
        words = content(bare)
        if not words or any(words <= earlier for earlier in seen):
            continue  # nothing said, or nothing new
        source = _source(bare, marked, passages, question)
        if source is None:
            dropped += 1
            if kept:
                break
            continue
        seen.append(words)
        kept.append(_with_mark(bare, source.number))
        used.append(source.number)
        if len(kept) == MAX_SENTENCES:
            break
    abstained = not kept and bool(_ABSTAINS.search(cleaned))
    return Cited(" ".join(kept), tuple(sorted(set(used))), dropped, abstained)


def whole_sentences(written: str) -> str:
    """What was written without the sentence that was cut off."""
    complete = _LAST_STOP.match(written)
    return complete[0] if complete else ""


def _source(bare: str, marked: Sequence[int], passages: Sequence[Passage], question: str) -> Passage | None:
    """The source that bears a sentence out: one that the model cited, else the best of the others."""
    cited = [passage for passage in passages if passage.number in marked]
    for passage in cited:
        if _share(bare, passage, question) >= CITED_SHARE:
            return passage
    best = max(passages, key=lambda passage: _share(bare, passage, question), default=None)
    return best if best is not None and _share(bare, best, question) >= UNCITED_SHARE else None


def _share(bare: str, passage: Passage, question: str) -> float:
    """Share of a sentence's words that the passage has together; 0 where a number or a name is missing."""
    asked = content(question)
    words = content(bare)
    titled = content(passage.title)
    if not names(bare) <= all_words(f"{passage.title}\n{passage.readable}") | all_words(question):
        return 0.0
    counted = numbers(bare) - numbers(question)
    windows = _windows(passage, single=bool(counted))
    subject = (words & asked) - titled - numbers(bare)
    best = 0.0
    for window in windows:
        found = content(window)
        if not counted <= numbers(window):
            continue
        if counted and not subject <= found and any(subject <= content(other) and numbers(other) for other in windows):
            continue  # another sentence has the number that belongs to what was asked
        if words - asked and not (words - asked) & (found | titled):
            continue  # what it adds to the question is not from here
        if not _same_units(bare, counted, found | titled | asked) or _denies_alone(bare, window):
            continue
        best = max(best, len(words & (found | titled)) / len(words))
    return best


def _same_units(bare: str, counted: set[str], known: set[str]) -> bool:
    """Whether what a sentence counts is known: five flights are not five years."""
    for number in counted:
        after = re.split(rf"(?<!\w){re.escape(number)}(?!\w)", bare, maxsplit=1)[1:]
        units = content(" ".join(re.findall(r"[^\W\d_]+", after[0])[:2])) if after else set()
        if units and not units & known:
            return False
    return True


def _denies_alone(bare: str, window: str) -> bool:
    """Whether a sentence denies what the source does not. (The source may deny something else beside.)"""
    return bool(_NOT.search(bare)) and not _NOT.search(window)


def _windows(passage: Passage, *, single: bool) -> list[str]:
    """Stretches that must bear a sentence out alone: one sentence for numbers, which are easily mixed up, else two."""
    parts = sentences(passage.readable)
    return parts if single or len(parts) < 2 else [" ".join(pair) for pair in pairwise(parts)]


def all_words(text: str) -> set[str]:
    """Every word of a text in the form in which `names` gives names."""
    return {word.removesuffix("'s") for word in re.findall(r"[\w'-]+", text.lower().replace("’", "'"))}


def _clean(written: str, passages: Sequence[Passage]) -> str:
    """Without echoes of the prompt, without images and markup, with links only as far as a source has them."""
    text = _PREFIX.sub("", written)
    echo = _ECHO.search(text)
    text = text[: echo.start()] if echo else text
    text = _OPEN_MARK.sub("", _IMAGE.sub("", text))
    known = "\n".join(passage.readable for passage in passages)
    return _LINK.sub(lambda match: match[0] if match[2] in known else match[1], text)


def _marks_before_the_stop(text: str) -> str:
    """`Fact. [1]` as `Fact [1].`, so that a mark stays with its sentence."""
    return re.sub(r"([.!?])((?:\s*\[\s*\d{1,2}(?:\s*[,;]\s*\d{1,2})*\s*\])+)", r"\2\1", text)


def _marked(sentence: str) -> list[int]:
    return [int(number) for match in _MARK.finditer(sentence) for number in re.findall(r"\d+", match[1])]


def _with_mark(bare: str, number: int) -> str:
    body = bare.rstrip(" .")
    end = "" if body.endswith(("!", "?")) else "."
    return f"{body} [{number}]{end}"
