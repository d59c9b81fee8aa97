"""The manifest: which segments make up the index, authenticated with the tenant's key."""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from typing import Any, Self

FORMAT = 1
_DOMAIN = b"ringfence faiss manifest 1\0"


class Damaged(Exception):
    """What lies on the volume cannot be trusted; the message says what and why."""


@dataclass(frozen=True, slots=True)
class Segment:
    """An immutable file of vectors. `removed` are row numbers that are no longer part of the index."""

    file: str
    sha256: str
    rows: int
    removed: tuple[int, ...] = ()

    @property
    def live(self) -> int:
        """Rows that can be found."""
        return self.rows - len(self.removed)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One state of the index. `generation` never falls, not even when a lost index is rebuilt."""

    tenant: str
    dimensions: int
    generation: int
    segments: tuple[Segment, ...]

    def seal(self, key: bytes) -> bytes:
        """Content of `manifest.json`."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, separators=(",", ":"))
        return json.dumps({"mac": _mac(key, text), "manifest": text}).encode()

    @classmethod
    def open(cls, content: bytes, key: bytes, tenant: str, dimensions: int) -> Self:
        """Manifest of `tenant` from what `seal` made.

        Raises:
            Damaged: torn, changed, sealed with another key, of another tenant or of another model.
        """
        text = _authenticated(content, key)
        fields: dict[str, Any] = json.loads(text)
        if fields.pop("format") != FORMAT:
            raise Damaged("the manifest is of another version of Ringfence")
        if fields["tenant"] != tenant:
            raise Damaged("the manifest is another tenant's")
        if fields["dimensions"] != dimensions:
            raise Damaged(f"the index has {fields['dimensions']} dimensions, the embedding model {dimensions}")
        segments = tuple(Segment(**{**part, "removed": tuple(part["removed"])}) for part in fields.pop("segments"))
        return cls(**fields, segments=segments)


def _authenticated(content: bytes, key: bytes) -> str:
    try:
        outer = json.loads(content)
        mac, text = str(outer["mac"]), str(outer["manifest"])
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged("the manifest is torn") from error
    if not hmac.compare_digest(mac.encode(), _mac(key, text).encode()):
        raise Damaged("the manifest's MAC is wrong: it was changed, or belongs to another tenant or key")
    return text


def _mac(key: bytes, text: str) -> str:
    return hmac.new(key, _DOMAIN + text.encode(), hashlib.sha256).hexdigest()
