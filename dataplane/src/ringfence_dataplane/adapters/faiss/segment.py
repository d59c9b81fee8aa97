"""Segment files: chunks and a flat FAISS index with their vectors, in the same order.

Layout: length of the chunks in bytes (8 bytes, little-endian), the chunks as one JSON list a line, the serialised
index. The chunks are copies: they are shown only while the store of truth does not answer.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import faiss
import numpy as np

from ringfence_dataplane.adapters.faiss.manifest import Damaged, Segment
from ringfence_dataplane.documents import Chunk, Vectors

_LENGTH_BYTES = 8


@dataclass(frozen=True)
class Loaded:
    """A segment in memory. It never changes; what is removed belongs to the snapshot."""

    file: str
    ids: tuple[str, ...]
    row_of: dict[str, int]
    lines: tuple[bytes, ...]
    index: Any

    def chunk(self, row: int) -> Chunk:
        """Copy of the chunk in a row."""
        return Chunk(*json.loads(self.lines[row]))

    def vectors(self, rows: Sequence[int]) -> Vectors:
        """Vectors of some rows, in their order."""
        whole: Vectors = faiss.rev_swig_ptr(self.index.get_xb(), self.index.ntotal * self.index.d)
        return whole.reshape(-1, self.index.d)[list(rows)].copy()


def encode(chunks: Sequence[Chunk], vectors: Vectors) -> bytes:
    """Content of a segment file; `vectors` has shape (len(chunks), dimensions)."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))
    lines = b"\n".join(json.dumps(astuple(chunk)).encode() for chunk in chunks)
    return len(lines).to_bytes(_LENGTH_BYTES, "little") + lines + faiss.serialize_index(index).tobytes()


def digest(content: bytes) -> str:
    """What the manifest says of a file."""
    return hashlib.sha256(content).hexdigest()


def decode(content: bytes, entry: Segment, dimensions: int) -> Loaded:
    """Load a segment whose manifest entry has been authenticated.

    FAISS sees the bytes only after their digest has been compared.

    Raises:
        Damaged: the file is not the one that the manifest means.
    """
    if digest(content) != entry.sha256:
        raise Damaged(f"{entry.file} is torn or was changed: its SHA-256 is not the manifest's")
    end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
    lines = tuple(content[_LENGTH_BYTES:end].split(b"\n"))
    ids = tuple(json.loads(line)[0] for line in lines)
    index = faiss.deserialize_index(np.frombuffer(content, np.uint8, offset=end))
    if (index.d, index.ntotal) != (dimensions, len(ids)) or len(ids) != entry.rows:
        raise Damaged(f"{entry.file} does not hold {entry.rows} vectors of {dimensions} dimensions")
    return Loaded(entry.file, ids, {chunk_id: row for row, chunk_id in enumerate(ids)}, lines, index)


def live_rows(loaded: Loaded, removed: Collection[int]) -> list[int]:
    """Rows that can be found."""
    gone = set(removed)
    return [row for row in range(len(loaded.ids)) if row not in gone]
