"""Credentials of one data plane: a folder with one file per secret (a mounted Secret, or a laptop's folder).

Files are read at each call, so a rotated credential is seen without a restart of the reader.
"""

from pathlib import Path


class MissingCredential(Exception):
    """A credential file is absent, empty or of the wrong form; the message names the file, never its content."""


class Credentials:
    """Reads credential files by the names that `ringfence_api.binding` gives them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __repr__(self) -> str:
        return "Credentials(…)"

    def has(self, name: str) -> bool:
        """Whether the file exists."""
        return self._file(name).is_file()

    def path(self, name: str) -> Path:
        """Path of an existing file, for libraries that want a file name.

        Raises:
            MissingCredential: there is no such file.
        """
        file = self._file(name)
        if not file.is_file():
            raise MissingCredential(f"credential file {name} is missing in {self._directory}")
        return file

    def text(self, name: str) -> str:
        """Content without the line end that editors add.

        Raises:
            MissingCredential: there is no such file, or it is empty or no UTF-8.
        """
        try:
            value = self.path(name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            # `from None`: a UnicodeDecodeError carries the bytes.
            reason = type(error).__name__
            raise MissingCredential(f"credential file {name} cannot be read ({reason})") from None
        if not value:
            raise MissingCredential(f"credential file {name} is empty")
        return value

    def key(self, name: str) -> bytes:
        """A 32-byte key written as 64 hexadecimal digits.

        Raises:
            MissingCredential: there is no such file, or it holds no such key.
        """
        try:
            key = bytes.fromhex(self.text(name))
        except ValueError:
            key = b""
        if len(key) != 32:
            raise MissingCredential(f"credential file {name} must hold 32 bytes as 64 hexadecimal digits")
        return key

    def _file(self, name: str) -> Path:
        if not name or "/" in name or name.startswith("."):
            raise MissingCredential(f"{name!r} is no name of a credential file")
        return self._directory / name
