"""Personal data: six kinds, recognised by form and, where the kind has one, by its checksum."""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with `[REDACTED_KIND]` in place of personal data, and how often each kind was replaced."""

    text: str
    counts: Counter[str] = field(default_factory=Counter)


def _any(_: str) -> bool:
    return True


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _luhn(text: str) -> bool:
    """ISO/IEC 7812 check digit, over 13 to 19 digits."""
    digits = [int(digit) for digit in _digits(text)]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _mod97(text: str) -> bool:
    """ISO 13616 check digits."""
    compact = re.sub(r"[ -]", "", text).upper()
    if not 15 <= len(compact) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def _ssn(text: str) -> bool:
    """Numbers that the Social Security Administration gives out; 078-05-1120 is the known specimen."""
    area, group, serial = re.split(r"[- ]", text)
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _phone(text: str) -> bool:
    return 8 <= len(_digits(text)) <= 15


_KINDS: dict[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    # Order matters: an IBAN or a card number also looks like a telephone number.
    "EMAIL": (
        re.compile(
            r"(?<![\w.+%-])[\w.+%'-]{1,64}@(?:[A-Za-z0-9\u00a1-\uffff-]{1,63}\.){1,8}[A-Za-z\u00a1-\uffff]{2,24}\b"
        ),
        _any,
    ),
    "IBAN": (
        re.compile(r"\b[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b", re.IGNORECASE),
        _mod97,
    ),
    "CREDIT_CARD": (re.compile(r"(?<![0-9])(?<![0-9][ .-])[2-6](?:[ -]?[0-9]){12,18}(?![0-9])"), _luhn),
    "SSN": (re.compile(r"(?<![0-9-])[0-9]{3}([- ])[0-9]{2}\1[0-9]{4}(?![0-9-])"), _ssn),
    "IP_ADDRESS": (
        re.compile(
            r"(?<![\w.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w.]*[0-9])|[0-9A-Fa-f:]{2,39}:[0-9A-Fa-f:.]{0,39}[0-9A-Fa-f:])(?![\w:])"
        ),
        _address,
    ),
    "PHONE": (
        re.compile(
            r"(?<![\w.+-])(?<![0-9][ ])(?:"
            r"(?:\+|00)[1-9][0-9]{0,2}[ .-]?(?:\(0?[0-9]{1,4}\)[ .-]?)?[0-9]{1,4}(?:[ ./-]?[0-9]{2,8}){1,5}"
            r"|(?:1[ .-])?\([0-9]{3}\)[ .-]?[0-9]{3}[ .-]?[0-9]{4}"
            r"|(?:1[ .-])?[2-9][0-9]{2}([ .-])[0-9]{3}\1[0-9]{4}"
            r"|0[1-9][0-9]{1,4}[ /-][0-9]{3,4}(?:[ -]?[0-9]{2,4}){1,2}"
            r")(?:(?: ?x| ext\.? ?)[0-9]{1,6})?(?![\w-])"
        ),
        _phone,
    ),
}

KINDS: tuple[str, ...] = tuple(_KINDS)


def redact(text: str, kinds: Iterable[str] = KINDS) -> Redacted:
    """Replace personal data of `kinds`; what comes back holds none that would be found again.

    Raises:
        KeyError: an unknown kind.
    """
    wanted = set(kinds)
    unknown = wanted - set(KINDS)
    if unknown:
        raise KeyError(f"unknown kinds of personal data: {sorted(unknown)}")
    counts: Counter[str] = Counter()
    while True:  # each round replaces at least one stretch of text by a placeholder that matches nothing
        found = text
        for kind in KINDS:
            if kind in wanted:
                found = _replace(found, kind, counts)
        if found == text:
            return Redacted(text, counts)
        text = found


def _replace(text: str, kind: str, counts: Counter[str]) -> str:
    pattern, valid = _KINDS[kind]

    def placeholder(match: re.Match[str]) -> str:
        if not valid(match[0]):
            return match[0]
        counts[kind] += 1
        return f"[REDACTED_{kind}]"

    return pattern.sub(placeholder, text)
