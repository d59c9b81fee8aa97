"""Changes of the index, each from the manifest that is current to the next one. Everything here blocks."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ringfence_dataplane.adapters.faiss.manifest import Manifest, Segment
from ringfence_dataplane.adapters.faiss.merging import to_merge
from ringfence_dataplane.adapters.faiss.segment import Loaded, live_rows
from ringfence_dataplane.adapters.faiss.snapshot import Snapshot
from ringfence_dataplane.adapters.faiss.volume import Volume
from ringfence_dataplane.documents import Chunk, Vectors


class Change:
    """Prepares one new snapshot under the writer's lock, then commits it."""

    def __init__(self, volume: Volume, base: Snapshot | None, empty: Manifest, generation_floor: int) -> None:
        """Start from `base`; None starts from `empty`, whatever is on the volume."""
        self._volume = volume
        self._base = base
        self._manifest = base.manifest if base else empty
        self._loaded: dict[str, Loaded] = {part.loaded.file: part.loaded for part in base.parts} if base else {}
        self._floor = generation_floor

    def remove(self, ids: Sequence[str]) -> None:
        """Make chunks unfindable; unknown ids are none."""
        gone = set(ids)
        self._manifest = replace(
            self._manifest, segments=tuple(_without(entry, self._loaded, gone) for entry in self._manifest.segments)
        )

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Make chunks findable, each once."""
        if not chunks:
            return
        entry, loaded = self._volume.add(chunks, vectors)
        self._loaded[entry.file] = loaded
        self._manifest = replace(self._manifest, segments=(*self._manifest.segments, entry))

    def compact(self) -> None:
        """Merge segments as long as some should be."""
        while group := to_merge(self._manifest.segments):
            names = {entry.file for entry in group}
            kept = tuple(entry for entry in self._manifest.segments if entry.file not in names)
            self._manifest = replace(self._manifest, segments=kept)
            self._add_merged(group)

    def commit(self, on_volume: Manifest | None) -> Snapshot:
        """Make it current in place of `on_volume`.

        Raises:
            ringfence_dataplane.adapters.faiss.volume.Fenced: that is no longer current.
        """
        former = max(self._manifest.generation, self._floor)
        # Milliseconds, so that an index that was lost with all memory of it does not repeat a generation:
        # answers cached under the old one would come back.
        manifest = replace(self._manifest, generation=max(former + 1, time.time_ns() // 1_000_000))
        self._volume.commit(manifest, on_volume)
        self._volume.collect_garbage(manifest)
        return Snapshot.of(manifest, self._loaded)

    def _add_merged(self, group: Sequence[Segment]) -> None:
        rows = [(self._loaded[entry.file], live_rows(self._loaded[entry.file], entry.removed)) for entry in group]
        chunks = [loaded.chunk(row) for loaded, alive in rows for row in alive]
        if chunks:
            self.add(chunks, np.concatenate([loaded.vectors(alive) for loaded, alive in rows]))


def _without(entry: Segment, loaded: Mapping[str, Loaded], gone: set[str]) -> Segment:
    row_of = loaded[entry.file].row_of
    rows = {row_of[chunk_id] for chunk_id in gone if chunk_id in row_of}
    return replace(entry, removed=tuple(sorted({*entry.removed, *rows}))) if rows else entry
