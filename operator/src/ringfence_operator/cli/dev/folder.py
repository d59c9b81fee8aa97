"""The data folder of `ringfence dev`: what each tenant keeps from one run to the next."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ringfence_api.binding import BINDING_FILE, CACHE_KEY, MANIFEST_KEY, TOKEN_KEY, Binding

KEY_BYTES = 32


class FolderUnusable(Exception):
    """The folder cannot be written, or another `ringfence dev` works in it; the message says what to do."""


def default_data_folder() -> Path:
    """A folder of this user that outlives a reboot (XDG base directory specification)."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "ringfence" / "dev"


def models_folder() -> Path:
    """Where the embedding model lies once converted; the data plane looks there as well."""
    given = os.environ.get("RINGFENCE_MODELS_DIR")
    if given:
        return Path(given)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "ringfence" / "models"


@dataclass(frozen=True)
class TenantFolder:
    """What one data plane is started with, and where it keeps its data."""

    path: Path

    @property
    def binding_file(self) -> Path:
        """The tenant's Binding."""
        return self.path / BINDING_FILE

    @property
    def credentials(self) -> Path:
        """One file per secret, readable by this user only."""
        return self.path / "credentials"

    @property
    def documents(self) -> Path:
        """SQLite database of documents and chunks."""
        return self.path / "documents.sqlite"

    @property
    def vectors(self) -> Path:
        """FAISS segments."""
        return self.path / "vectors"

    def prepare(self) -> None:
        """Make the folders, and random keys where there are none yet (so that yesterday's tokens still work)."""
        for folder in (self.path, self.credentials, self.vectors):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (TOKEN_KEY, CACHE_KEY, MANIFEST_KEY):
            _write_once(self.credentials / name, secrets.token_hex(KEY_BYTES))

    def write(self, binding: Binding) -> None:
        """Put the Binding where its data plane reads it."""
        self.binding_file.write_text(binding.to_json(), encoding="utf-8")

    def token_key(self) -> str:
        """Text of the key that signs this tenant's development tokens.

        Raises:
            FileNotFoundError: `ringfence dev` has never served this tenant from here.
        """
        return (self.credentials / TOKEN_KEY).read_text(encoding="ascii").strip()


@dataclass(frozen=True)
class DataFolder:
    """All tenants of one `ringfence dev`."""

    path: Path

    def tenant(self, name: str) -> TenantFolder:
        """The part of one tenant."""
        return TenantFolder(self.path / "tenants" / name)

    def log(self, name: str) -> Path:
        """Log file of one child process."""
        return self.path / "logs" / f"{name}.log"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep a second `ringfence dev` out for as long as this one runs; the kernel lets go when it dies.

        Raises:
            FolderUnusable: it cannot be written, or somebody else holds it.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise FolderUnusable(f"{self.path}: {error.strerror}: name another folder with --data-dir") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderUnusable(
                    f"another `ringfence dev` is using {self.path}: end it, or give this one a folder of its own "
                    "with --data-dir"
                ) from None
            yield


def _write_once(file: Path, text: str) -> None:
    """Write a secret for this user's eyes only, unless it is there already."""
    if file.exists() and file.stat().st_size:
        return
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(text)
    part.rename(file)
