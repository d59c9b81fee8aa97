"""Turns a question into an FTS5 expression that cannot be anything but a list of words."""

import re

MAX_WORDS = 64
"""Distinct words looked for; a longer question is cut, so that it costs no more than others."""

# The stop words of Lucene's English analyzer, so that both stores look for the same words.
STOP_WORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
})  # fmt: skip
_WORD = re.compile(r"\w+")


def match_expression(question: str) -> str | None:
    """Any of the question's words, best matches first; None when it has no word.

    Every word is a quoted string of letters, digits and underscores, so no operator, column filter or quote of the
    question reaches FTS5's parser.
    """
    words = dict.fromkeys(word.lower() for word in _WORD.findall(question))
    telling = [word for word in words if word not in STOP_WORDS] or list(words)
    return " OR ".join(f'"{word}"' for word in telling[:MAX_WORDS]) or None
