"""Sentences, content words, numbers and names of a text: what grounding and condensing compare."""

# ruff: noqa: SIM905 - a text split into words is easier to read than a list of quoted words

import re
from functools import lru_cache

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]{0,2}\s+(?=[\"'(\[]?[A-Z0-9\u00c0-\u024f])|\n+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*(?:st|nd|rd|th)?")
_NAME = re.compile(r"(?<![.!?:]\s)(?<!^)(?<![\w'’-])[A-Z\u00c0-\u00de][\w'’-]*")

_STOP = frozenset(
    "a about after all also am an and any are as at be been before but by can could did do does each for from get gets "
    "had has have he her his how i if in into is it its just may me might more most much must my no not of on once "
    "one only or other our out over she should so some such than that the their them then there these they this those "
    "to under up upon us was we were what when where which while who whom whose why will with within would you your "
    "answer answers question source sources say says according".split()
)
_CARDINALS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_ORDINALS = "0th first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
# The sixth day is not six days: ordinals stay what they are.
_NUMBER_WORDS = {word: str(value) for value, word in enumerate(_CARDINALS)} | {
    word: f"{value}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(value, 'th') }" for value, word in enumerate(_ORDINALS)
}


def sentences(text: str) -> list[str]:
    """A text's sentences and lines, trimmed, none empty."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part and part.strip()]


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without its commonest English endings: `pays` and `paying` become `pay`."""
    for ending in ("ingly", "edly", "ing", "ied", "ies", "ed", "es", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending in ("ied", "ies") else "")
    return word


def content(text: str) -> set[str]:
    """Stems of the words that mean something; numbers in digits."""
    words = (match[0].lower().replace("’", "'").removesuffix("'s") for match in _WORD.finditer(text))
    return {_NUMBER_WORDS.get(word, stem(word)) for word in words if word not in _STOP}


def numbers(text: str) -> set[str]:
    """Numbers of a text as they are compared: digits, `1,000` as `1000`, small number words as digits."""
    found = {match[0].replace(",", "").rstrip(".:/") for match in _NUMBER.finditer(text)}
    return found | {digit for match in _WORD.finditer(text) if (digit := _NUMBER_WORDS.get(match[0].lower()))}


def names(text: str) -> set[str]:
    """Words with a capital letter that do not open a sentence, in lower case."""
    found = (match[0].lower().replace("’", "'").removesuffix("'s") for match in _NAME.finditer(text))
    return {name for name in found if name not in _STOP}
