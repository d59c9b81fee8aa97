"""Builds a Dockerfile into an archive: with Docker where an engine answers, else with buildah, which needs none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from e2e.cluster.commands import run, succeeds
from e2e.cluster.image_base import base_archive
from e2e.cluster.paths import cache_dir
from e2e.cluster.system_packages import ensure_packages

BUILD_SECONDS = 1200.0
EXPORT_SECONDS = 300.0
BASE = "localhost/ringfence-test/base"
# Layers of earlier builds make the next one quick; past this many they are all dropped.
MOST_STORED = 200
# Where this machine keeps what its own package installs need: certificates and a mirror's address.
HOST_FILES = ("/etc/ssl/certs", "/etc/pip.conf")


@dataclass(frozen=True)
class Recipe:
    """One build. `python_packages` says that commands of it install from a Python package index."""

    reference: str
    dockerfile: Path
    context: Path
    python_packages: bool


class Builder(Protocol):
    """What turns a Dockerfile into an archive that a container runtime imports."""

    name: str

    def build(self, recipe: Recipe, archive: Path) -> None: ...


def builder() -> Builder:
    """The builder that this machine has.

    :raises HarnessError: neither Docker nor buildah is there and buildah cannot be installed.
    """
    if shutil.which("docker") and succeeds(["docker", "info"], timeout=30):
        return Docker()
    ensure_packages(("buildah",))
    return Buildah(cache_dir() / "images" / "storage")


class Docker:
    """Builds on the base images that the Dockerfiles name."""

    name = "docker"

    def build(self, recipe: Recipe, archive: Path) -> None:
        """Build `recipe` and write the image as a Docker archive."""
        options = ["--quiet", "--tag", recipe.reference, "--file", str(recipe.dockerfile)]
        run(["docker", "build", *options, str(recipe.context)], timeout=BUILD_SECONDS)
        run(["docker", "save", "--output", str(archive), recipe.reference], timeout=EXPORT_SECONDS)


@dataclass
class Buildah:
    """Builds on our own base image, in a storage of its own, without a daemon and without namespaces."""

    storage: Path
    name: str = "buildah"

    def build(self, recipe: Recipe, archive: Path) -> None:
        """Build `recipe` and write the image as a Docker archive."""
        self._bound()
        base = self._base()
        options = ["--layers", "--quiet", "--build-arg", f"BASE={base}", "--tag", recipe.reference]
        with tempfile.TemporaryDirectory(prefix="ringfence-build-") as scratch:
            mounts = network_mounts(Path(scratch)) if recipe.python_packages else []
            self._bud(["--file", str(recipe.dockerfile), *options, *mounts, str(recipe.context)])
        target = f"docker-archive:{archive}:{recipe.reference}"
        self._run(["push", "--quiet", recipe.reference, target], EXPORT_SECONDS)

    def _base(self) -> str:
        archive = base_archive()
        reference = f"{BASE}:{archive.stem}"
        if not succeeds([*self._buildah(), "inspect", "--type", "image", reference], timeout=60):
            with tempfile.TemporaryDirectory(prefix="ringfence-base-") as scratch:
                context = Path(scratch)
                (context / "Dockerfile").write_text("FROM scratch\nADD base.tar /\n")
                # A link would be enough, but buildah packs links as links.
                shutil.copyfile(archive, context / "base.tar")
                self._bud(["--quiet", "--tag", reference, str(context)])
        return reference

    def _bound(self) -> None:
        stored = self._run(["images", "--all", "--quiet"], 60).split()
        if len(stored) > MOST_STORED:
            self._run(["rmi", "--all", "--force"], EXPORT_SECONDS)

    def _bud(self, arguments: Sequence[str]) -> None:
        # The Docker format, because the OCI format has no health check.
        self._run(["bud", "--isolation", "chroot", "--format", "docker", *arguments], BUILD_SECONDS)

    def _run(self, arguments: Sequence[str], seconds: float) -> str:
        return run([*self._buildah(), *arguments], timeout=seconds)

    def _buildah(self) -> list[str]:
        driver = _driver(self.storage)
        folder = self.storage / driver
        return ["buildah", "--storage-driver", driver, "--root", str(folder), "--runroot", f"{folder}.run"]


def _driver(storage: Path) -> str:
    """`overlay` where the kernel lets this process mount it, else `vfs`, which copies every layer."""
    for driver in ("overlay", "vfs"):
        if (storage / driver).exists():
            return driver
    storage.mkdir(parents=True, exist_ok=True)
    probe = storage / "overlay"
    command = ["buildah", "--storage-driver", "overlay", "--root", str(probe), "--runroot", f"{probe}.run", "info"]
    if succeeds(command, timeout=60):
        return "overlay"
    shutil.rmtree(probe, ignore_errors=True)
    return "vfs"


def network_mounts(scratch: Path) -> list[str]:
    """Options that lend this machine's certificates and Python package indexes to a build's commands.

    They are mounted while a command runs, so their content never gets into the image. A command that installs
    Debian packages can't have them: those write to `/etc/ssl/certs` themselves.
    """
    present = [path for path in HOST_FILES if Path(path).exists()]
    mounts = [f"{path}:{path}:ro" for path in present]
    settings = scratch / "uv.toml"
    settings.write_text(_uv_settings(os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL")))
    mounts.append(f"{settings}:/etc/uv/uv.toml:ro")
    return [word for mount in mounts for word in ("--volume", mount)]


def _uv_settings(index: str | None) -> str:
    lines = ["system-certs = true\n"]
    if index:
        lines.append(f'[[index]]\nurl = "{index}"\ndefault = true\n')
    return "".join(lines)
