"""The copy of Cilium's source that its programs are built from, with one path changed.

Cilium reads the names of the loaded kernel modules from /proc/modules and stops where the kernel has none, as on a
kernel with everything built in. The copy reads them from a file that the harness writes. `-overlay` can't do this: Go
refuses it for files in the module cache.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from pathlib import Path

from e2e.cluster.commands import run
from e2e.cluster.errors import HarnessError
from e2e.cluster.paths import cache_dir
from e2e.cluster.programs import CILIUM, MODULES

LOADED_MODULES = Path("/var/run/cilium/loaded-modules")
"""The file in which the built Cilium looks for kernel modules, in the format of /proc/modules."""

_MODULE = "github.com/cilium/cilium"
_PATCHED = Path("pkg/datapath/linux/modules/modules_linux.go")
_BEFORE = 'loadedModulesFilepath = "/proc/modules"'
_AFTER = f'loadedModulesFilepath = "{LOADED_MODULES}"'
_UNUSED = shutil.ignore_patterns("vendor", "Documentation", "test", "*_test.go", "install")
_lock = threading.Lock()


def source() -> Path:
    """The folder of the patched copy, made now if the cache lacks it; its `bpf` folder holds the programs' C source."""
    with _lock:
        copy = source_path()
        if not copy.is_dir():
            _make(copy)
        return copy


def patched_modfile() -> Path:
    """A go.mod for `go build -modfile` that takes Cilium from the patched copy; its go.sum lies beside it."""
    folder = source().parent / f"cilium-modfile-{CILIUM}"
    with _lock:
        folder.mkdir(exist_ok=True)
        original = MODULES / "cilium"
        replaced = (original / "go.mod").read_text() + f"\nreplace {_MODULE} => {source_path()}\n"
        for name, text in (("go.mod", replaced), ("go.sum", (original / "go.sum").read_text())):
            target = folder / name
            if not target.is_file() or target.read_text() != text:
                target.write_text(text)
        return folder / "go.mod"


def source_path() -> Path:
    """Where the patched copy lies, whether or not it exists."""
    return cache_dir() / "tools" / f"cilium-source-{CILIUM}"


def patched(text: str) -> str:
    """The module's source with the path of the list of kernel modules changed."""
    if text.count(_BEFORE) != 1:
        raise HarnessError(f"Cilium {CILIUM} no longer reads /proc/modules where it did: look at {_PATCHED}")
    return text.replace(_BEFORE, _AFTER)


def _make(copy: Path) -> None:
    download = run(
        ["go", "mod", "download", "-json", f"{_MODULE}@v{CILIUM}"], timeout=600, directory=MODULES / "cilium"
    )
    original = Path(json.loads(download)["Dir"])
    copy.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=copy.parent, prefix=".cilium-source-") as scratch:
        fresh = Path(scratch) / "source"
        shutil.copytree(original, fresh, ignore=_UNUSED)
        # Files in Go's module cache are read-only, and so are their copies.
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        target = fresh / _PATCHED
        target.write_text(patched(target.read_text()))
        fresh.rename(copy)
