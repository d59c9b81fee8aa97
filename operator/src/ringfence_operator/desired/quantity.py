"""Kubernetes quantities in the form in which the API server gives them back, so that they can be compared."""

_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi")
_DECIMAL = ("m", "", "k", "M", "G", "T")


def multiplied(quantity: str, factor: int = 1) -> str:
    """`quantity` times `factor`, canonical: the largest suffix that leaves a whole number.

    Takes the quantities that a Tenant may hold: whole numbers with no suffix or one of m, Ki, Mi, Gi, Ti.
    """
    digits = "".join(character for character in quantity if character.isdigit())
    suffix = quantity[len(digits) :]
    value = int(digits) * factor
    if suffix.endswith("i"):
        return _raised(value, suffix, _BINARY, 1024)
    return _raised(value, suffix, _DECIMAL, 1000)


def _raised(value: int, suffix: str, suffixes: tuple[str, ...], base: int) -> str:
    place = suffixes.index(suffix)
    while value % base == 0 and place + 1 < len(suffixes):
        value //= base
        place += 1
    return f"{value}{suffixes[place]}"
