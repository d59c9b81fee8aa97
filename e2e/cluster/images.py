"""The images that run in the test cluster: the two of the project, and the three backends that tests need.

`python -m e2e.cluster.images build [NAME…]` builds what has changed and prints size and time of each, `list` tells
what there is, `load` hands the archives to the running cluster.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from e2e.cluster.backends import contexts
from e2e.cluster.errors import HarnessError
from e2e.cluster.image_archive import read_archive
from e2e.cluster.image_builder import Builder, Recipe, builder
from e2e.cluster.paths import cache_dir

REPOSITORY = Path(__file__).parents[2]
BACKENDS = Path(__file__).parent / "backends"
NEVER_COPIED = ("__pycache__", ".egg-info", ".pyc")


@dataclass(frozen=True)
class Image:
    """An image, the Dockerfile that makes it, and what its content depends on.

    `inputs` are files and folders copied into the build context; `generate` adds what has to be made first, and
    `generated` is the version of that.
    `python_packages` says that the build installs from a Python package index.
    """

    name: str
    repository: str
    dockerfile: Path
    root: Path
    inputs: tuple[str, ...]
    generate: Callable[[Path], None] | None = None
    generated: Callable[[], str] | None = None
    python_packages: bool = True

    @property
    def reference(self) -> str:
        """The full name by which pods ask for it."""
        return f"docker.io/{self.repository}:dev"


# Every member's pyproject.toml, because the lock is one for the whole workspace.
WORKSPACE = ("LICENSE", "pyproject.toml", "uv.lock", "crds")
OPERATOR = (*WORKSPACE, "operator", "dataplane/pyproject.toml")
DATAPLANE = (*WORKSPACE, "dataplane", "operator/pyproject.toml")


def _backend(
    name: str, generate: Callable[[Path], None] | None = None, generated: Callable[[], str] | None = None
) -> Image:
    root = BACKENDS / name
    inputs = tuple(sorted(path.name for path in root.iterdir() if path.is_file()))
    return Image(name, f"ringfence-test/{name}", root / "Dockerfile", root, inputs, generate, generated)


IMAGES = (
    Image("operator", "ringfence/operator", REPOSITORY / "Dockerfile.operator", REPOSITORY, OPERATOR),
    Image("dataplane", "ringfence/dataplane", REPOSITORY / "Dockerfile.dataplane", REPOSITORY, DATAPLANE),
    replace(_backend("opensearch", contexts.add_opensearch, contexts.opensearch_version), python_packages=False),
    replace(_backend("redis"), python_packages=False),
    _backend("llm", contexts.add_requirements, contexts.requirements),
)


@dataclass(frozen=True)
class Built:
    """An image in an archive. `seconds` is how long its build took; `fresh` says that it was just now."""

    image: Image
    archive: Path
    size: int
    seconds: float
    fresh: bool


def build(names: Iterable[str] = ()) -> list[Path]:
    """Build the images of these names (default: all) that have changed; return all their archives.

    :raises HarnessError: an unknown name, nothing to build with, or a build that failed.
    """
    return [built.archive for built in build_all(names)]


def build_all(names: Iterable[str] = ()) -> list[Built]:
    """What `build` does, with sizes and times."""
    wanted = _chosen(names)
    maker = builder()
    folder = cache_dir() / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return [_build(image, maker, folder) for image in wanted]


def _chosen(names: Iterable[str]) -> list[Image]:
    known = {image.name: image for image in IMAGES}
    if unknown := [name for name in names if name not in known]:
        raise HarnessError(f"no image is called {', '.join(unknown)}: there are {', '.join(known)}")
    return [known[name] for name in names] or list(IMAGES)


def _build(image: Image, maker: Builder, folder: Path) -> Built:
    archive = folder / f"{image.name}-{content_key(image, maker.name)}.tar"
    record = archive.with_suffix(".json")
    fresh = not (archive.exists() and record.exists())
    if fresh:
        partial = archive.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        started = time.monotonic()
        _build_in_context(image, maker, partial)
        seconds = time.monotonic() - started
        record.write_text(json.dumps({"size": read_archive(partial).size, "seconds": seconds}))
        partial.rename(archive)
        _forget_others(archive)
    known = json.loads(record.read_text())
    return Built(image, archive, known["size"], known["seconds"], fresh)


def _build_in_context(image: Image, maker: Builder, archive: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="ringfence-context-") as scratch:
        context = Path(scratch)
        for path in _files(image):
            target = context / path.relative_to(image.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        if image.generate:
            image.generate(context)
        maker.build(Recipe(image.reference, image.dockerfile, context, image.python_packages), archive)


def _forget_others(archive: Path) -> None:
    name = archive.stem.rpartition("-")[0]
    for other in archive.parent.glob(f"{name}-*"):
        if other.stem != archive.stem:
            other.unlink()


def content_key(image: Image, maker: str) -> str:
    """A digest of everything that decides what is in the image."""
    digest = hashlib.sha256(f"{image.reference}\0{maker}\0".encode())
    if image.generated:
        digest.update(image.generated().encode() + b"\0")
    for path in (image.dockerfile, *_files(image)):
        executable = path.stat().st_mode & 0o111 != 0
        digest.update(f"{path.relative_to(image.root)}\0{executable}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(image: Image) -> list[Path]:
    found = []
    for name in image.inputs:
        top = image.root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            copied = not any(part.endswith(NEVER_COPIED) for part in path.relative_to(image.root).parts)
            if copied and path.is_file():
                found.append(path)
    return found


def _table(images: Sequence[Built]) -> str:
    rows = [
        f"{built.image.reference:<38} {built.size / 1e6:5.0f} MB  {built.seconds:5.0f} s"
        f"{'' if built.fresh else '  (unchanged)'}"
        for built in images
    ]
    return "\n".join(rows)


def _load() -> None:
    from e2e.cluster import cluster

    running = cluster.up()
    for archive in build():
        running.load_image(archive)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m e2e.cluster.images", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build what has changed").add_argument("names", nargs="*", metavar="NAME")
    commands.add_parser("list", help="name the images")
    commands.add_parser("load", help="build, and hand the archives to the running cluster")
    options = parser.parse_args(arguments)
    try:
        if options.command == "build":
            print(_table(build_all(options.names)))
        elif options.command == "load":
            _load()
        else:
            print("\n".join(image.reference for image in IMAGES))
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
