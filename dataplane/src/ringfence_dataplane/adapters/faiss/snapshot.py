"""One state of the index in memory: what a search sees from its beginning to its end."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np

from ringfence_dataplane.adapters.faiss.manifest import Manifest
from ringfence_dataplane.adapters.faiss.segment import Loaded
from ringfence_dataplane.documents import Chunk, Vectors

_FAISS: Any = faiss  # its stubs know the C++ signatures, not those of its Python layer


@dataclass(frozen=True)
class Part:
    """A segment and which of its rows are alive."""

    loaded: Loaded
    removed: frozenset[int]
    selector: Any

    @classmethod
    def of(cls, loaded: Loaded, removed: tuple[int, ...]) -> "Part":
        """Part with a FAISS selector that skips removed rows."""
        if not removed:
            return cls(loaded, frozenset(), None)
        alive = np.ones(len(loaded.ids), bool)
        alive[list(removed)] = False
        return cls(loaded, frozenset(removed), _FAISS.IDSelectorBitmap(np.packbits(alive, bitorder="little")))

    def search(self, vector: Vectors, limit: int) -> Iterator[tuple[float, str]]:
        """(inner product, id) of the nearest rows of this part."""
        parameters = _FAISS.SearchParameters(sel=self.selector) if self.selector is not None else None
        scores, rows = self.loaded.index.search(vector[None, :], limit, params=parameters)
        for score, row in zip(scores[0].tolist(), rows[0].tolist(), strict=True):
            if row >= 0:
                yield score, self.loaded.ids[row]


@dataclass(frozen=True)
class Snapshot:
    """An authenticated manifest with all of its segments loaded."""

    manifest: Manifest
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, manifest: Manifest, loaded: dict[str, Loaded]) -> "Snapshot":
        """Put together what `manifest` names."""
        return cls(manifest, tuple(Part.of(loaded[entry.file], entry.removed) for entry in manifest.segments))

    def search(self, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """(id, cosine), best first; equal scores by id."""
        found = (hit for part in self.parts for hit in part.search(vector, limit))
        best = heapq.nsmallest(limit, ((-score, chunk_id) for score, chunk_id in found))
        return [(chunk_id, -negated) for negated, chunk_id in best]

    def holds(self, chunk_id: str) -> bool:
        """Whether a search can find this chunk."""
        return self._place(chunk_id) is not None

    def chunk(self, chunk_id: str) -> Chunk | None:
        """Copy of a chunk, if a search can find it."""
        place = self._place(chunk_id)
        return place[0].chunk(place[1]) if place else None

    def _place(self, chunk_id: str) -> tuple[Loaded, int] | None:
        for part in self.parts:
            row = part.loaded.row_of.get(chunk_id)
            if row is not None and row not in part.removed:
                return part.loaded, row
        return None

    def ids(self) -> Iterator[str]:
        """Every chunk that a search can find."""
        for part in self.parts:
            yield from (chunk_id for row, chunk_id in enumerate(part.loaded.ids) if row not in part.removed)
