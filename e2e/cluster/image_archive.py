"""Reads a Docker archive: what an image holds and how it starts, without a container runtime."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any


@dataclass(frozen=True)
class ImageContents:
    """An image's configuration (`User`, `Env`, `Labels`, …), its regular files and links, and its size in bytes."""

    config: dict[str, Any]
    files: frozenset[str]
    size: int


def read_archive(archive: Path) -> ImageContents:
    """Read the one image of `archive`, its layers applied over each other."""
    files: dict[str, int] = {}
    with tarfile.open(archive) as opened:
        manifest = json.load(_member(opened, "manifest.json"))[0]
        config: dict[str, Any] = json.load(_member(opened, manifest["Config"]))["config"]
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=_member(opened, layer)) as entries:
                _apply_layer(files, entries)
    return ImageContents(config, frozenset(files), sum(files.values()))


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    member = archive.getmember(name)
    # Docker stores a layer that two images share once, and links to it.
    while member.issym():
        parts: list[str] = []
        for part in f"{member.name.rpartition('/')[0]}/{member.linkname}".split("/"):
            parts = parts[:-1] if part == ".." else [*parts, *([part] if part not in ("", ".") else [])]
        member = archive.getmember("/".join(parts))
    extracted = archive.extractfile(member)
    if extracted is None:
        raise ValueError(f"{name} is not a file of the archive")
    return extracted


def _apply_layer(files: dict[str, int], entries: Iterator[tarfile.TarInfo] | tarfile.TarFile) -> None:
    for entry in entries:
        path = entry.name.removeprefix("./").lstrip("/")
        folder, _, name = path.rpartition("/")
        if name == ".wh..wh..opq":
            _remove(files, folder)
        elif name.startswith(".wh."):
            _remove(files, f"{folder}/{name.removeprefix('.wh.')}".lstrip("/"))
        elif not entry.isdir():
            files[path] = entry.size if entry.isfile() else 0


def _remove(files: dict[str, int], path: str) -> None:
    for name in [name for name in files if name == path or name.startswith(f"{path}/")]:
        del files[name]
