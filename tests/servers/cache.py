"""Folders that are made once and kept between runs."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path


def provisioned(folder: Path, build: Callable[[Path], None]) -> Path:
    """Return `folder`, filled by `build` when it is not there yet.

    `build` fills a neighbour that is renamed when complete, so an interrupted build never looks finished;
    a lock makes a second process wait instead of building twice.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            partial = folder.parent / f".{folder.name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            build(partial)
            partial.rename(folder)
    return folder
