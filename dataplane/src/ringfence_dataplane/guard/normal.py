"""Undoes the disguises of text before patterns are tried on it: invisible characters, look-alikes, s p a c i n g."""

import base64
import binascii
import re
import unicodedata

# Letters that are drawn like Latin ones (Unicode TR 39, the common part: Cyrillic, Greek, Armenian, small capitals).
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһӏԛԝвкмнтбгαεικνορτυχϲϳɑɡıɩʏᴀᴄᴅᴇᴊᴋᴍɴᴏᴘʀᴛᴜᴠᴡᴢօսհո",
    "aeopcyxijsdhlqwbkmhtbraeiknoptuxcjagiiyacdejkmnoprtuvwzouhn",
)
_LEET = str.maketrans("013457@$!", "oieastasi")
_SPACED = re.compile(r"\b(?:\w[ ._*-]){3,200}\w\b")
_SEPARATOR = re.compile(r"[ ._*-]")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,4000}={0,2}")


def plain(text: str) -> str:
    """Lower-case text with look-alikes as Latin letters, no invisible characters, no accents, single spaces."""
    return _single_spaced(_undisguised(text))


def readings(text: str) -> list[str]:
    """Ways to read a text: plain; on one line; digits as letters; letters set apart; what base64 in it says."""
    undisguised = _undisguised(text)
    base = _single_spaced(undisguised)
    # The last one keeps other alphabets, which `plain` bends towards Latin.
    found = [base, " ".join(base.split()), base.translate(_LEET), unicodedata.normalize("NFKC", text).casefold()]
    joined = _SPACED.sub(lambda match: _SEPARATOR.sub("", match[0]), undisguised)
    if joined != undisguised:
        found += [_single_spaced(joined), _single_spaced(joined).translate(_LEET)]
    found += [plain(hidden) for hidden in _decoded(text)]
    return list(dict.fromkeys(found))


def _undisguised(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    # Cf: zero-width, bidirectional and tag characters; Mn: accents, also stacked ones.
    visible = (char for char in decomposed if char in "\n\t" or unicodedata.category(char) not in ("Cf", "Mn", "Cc"))
    return "".join(visible).casefold().translate(_LOOKALIKES)


def _single_spaced(text: str) -> str:
    return re.sub(r"[ \t]+", " ", text)


def _decoded(text: str) -> list[str]:
    found = []
    for match in _BASE64.finditer(text):
        try:
            raw = base64.b64decode(match[0].rstrip("=").translate(str.maketrans("-_", "+/")) + "==")
            hidden = raw.decode()
        except (binascii.Error, ValueError):
            continue
        if hidden.isprintable():
            found.append(hidden)
    return found
