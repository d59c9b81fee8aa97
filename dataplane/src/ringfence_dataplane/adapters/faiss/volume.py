"""Files of the index on the volume: atomic writes, one writer at a time, verified reads. Everything here blocks."""

import errno
import fcntl
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ringfence_dataplane.adapters.faiss import segment
from ringfence_dataplane.adapters.faiss.manifest import Damaged, Manifest, Segment
from ringfence_dataplane.adapters.faiss.segment import Loaded
from ringfence_dataplane.adapters.faiss.snapshot import Snapshot
from ringfence_dataplane.documents import Chunk, Vectors

MANIFEST = "manifest.json"
LOCK = "writer.lock"
_OURS = re.compile(r"segment-[0-9a-f-]+\.faiss|\..+\.tmp")
GARBAGE_SECONDS = 300.0
"""Age at which a file that the manifest does not name is removed: no reader is still about to open it."""
LOCK_POLL_SECONDS = 0.05


class Busy(Exception):
    """Another process kept writing."""


class Fenced(Exception):
    """Somebody else wrote although we hold the lock: what we prepared is thrown away."""


class Volume:
    """Folder of one tenant's index."""

    def __init__(self, folder: Path, tenant: str, dimensions: int, key: bytes) -> None:
        self._folder = folder
        self._tenant = tenant
        self._dimensions = dimensions
        self._key = key

    def stamp(self) -> tuple[int, int, int] | None:
        """Changes whenever the manifest is replaced; None while there is none."""
        try:
            found = (self._folder / MANIFEST).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> Manifest | None:
        """The authenticated manifest; None where there is none.

        Raises:
            Damaged: it cannot be trusted.
        """
        try:
            content = (self._folder / MANIFEST).read_bytes()
        except FileNotFoundError:
            return None
        return Manifest.open(content, self._key, self._tenant, self._dimensions)

    def load(self, manifest: Manifest, known: Snapshot | None = None) -> Snapshot:
        """Read the segments that `known` does not have yet.

        Raises:
            Damaged: a file is missing or is not the one that the manifest means.
        """
        loaded: dict[str, Loaded] = {part.loaded.file: part.loaded for part in known.parts} if known else {}
        for entry in manifest.segments:
            if entry.file not in loaded:
                loaded[entry.file] = self._load(entry)
        return Snapshot.of(manifest, loaded)

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> tuple[Segment, Loaded]:
        """Write a segment; it takes effect with a manifest that names it."""
        content = segment.encode(chunks, vectors)
        name = f"segment-{time.time_ns():x}-{secrets.token_hex(4)}.faiss"
        self._write(name, content)
        entry = Segment(name, segment.digest(content), len(chunks))
        return entry, segment.decode(content, entry, self._dimensions)

    def commit(self, manifest: Manifest, replaces: Manifest | None) -> None:
        """Make `manifest` the current one.

        Raises:
            Fenced: the current one is not `replaces`.
        """
        try:
            now = self.read()
        except Damaged:
            now = None
        if (now.generation if now else None) != (replaces.generation if replaces else None):
            raise Fenced
        self._write(MANIFEST, manifest.seal(self._key))

    def collect_garbage(self, manifest: Manifest) -> None:
        """Remove old files that nothing names: former segments, and what a killed writer left."""
        named = {entry.file for entry in manifest.segments}
        oldest = time.time() - GARBAGE_SECONDS
        for path in self._folder.iterdir():
            if path.name not in named and _OURS.fullmatch(path.name) and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    @contextmanager
    def lock(self, seconds: float) -> Iterator[None]:
        """Be the only writer among all processes that share the volume.

        Raises:
            Busy: not granted within `seconds`.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        give_up = time.monotonic() + seconds
        with (self._folder / LOCK).open("a") as file:
            while not _locked(file.fileno()):
                if time.monotonic() >= give_up:
                    raise Busy
                time.sleep(LOCK_POLL_SECONDS)
            yield

    def _load(self, entry: Segment) -> Loaded:
        try:
            content = (self._folder / entry.file).read_bytes()
        except FileNotFoundError as error:
            raise Damaged(f"{entry.file} is missing") from error
        return segment.decode(content, entry, self._dimensions)

    def _write(self, name: str, content: bytes) -> None:
        """The file is whole under its name or not there, also after a power cut."""
        temporary = self._folder / f".{name}.{secrets.token_hex(4)}.tmp"
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(self._folder / name)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True
