"""The base image where no registry can be reached: Debian with Python, unpacked by debootstrap."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from e2e.cluster.commands import run
from e2e.cluster.errors import HarnessError
from e2e.cluster.paths import cache_dir
from e2e.cluster.system_packages import ensure_packages

SUITE = "bookworm"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
# Part of the file's name: raise it when what is unpacked or removed changes.
RECIPE = 1
UNPACK_SECONDS = 900.0

# What an image has no use for. Copyright files stay, as their licences ask.
EMPTIED = ("var/cache/apt", "var/lib/apt/lists", "var/log", "usr/share/man", "usr/share/locale", "usr/share/info")
OF_THIS_MACHINE = ("etc/hostname", "etc/resolv.conf", "etc/machine-id")


def base_archive() -> Path:
    """A tar archive of the base image's root file system, made on first use (a minute).

    :raises HarnessError: not root, or Debian's packages cannot be fetched.
    """
    archive = cache_dir() / "images" / f"base-{SUITE}-{RECIPE}.tar"
    if archive.exists():
        return archive
    if os.geteuid() != 0:
        raise HarnessError("building images without Docker needs root: start Docker, or run this as root on Debian")
    ensure_packages(("debootstrap",))
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ringfence-base-") as scratch:
        root = Path(scratch) / "root"
        include = f"--include={','.join(PACKAGES)}"
        run(["debootstrap", "--variant=minbase", include, SUITE, root], timeout=UNPACK_SECONDS)
        _slim(root)
        partial = archive.with_suffix(".partial")
        run(["tar", "--create", "--numeric-owner", f"--file={partial}", f"--directory={root}", "."], timeout=300)
        partial.rename(archive)
    return archive


def _slim(root: Path) -> None:
    for name in EMPTIED:
        shutil.rmtree(root / name, ignore_errors=True)
        (root / name).mkdir(parents=True)
    for name in OF_THIS_MACHINE:
        (root / name).unlink(missing_ok=True)
    for path in (root / "usr/share/doc").glob("*/*"):
        if path.name == "copyright":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
