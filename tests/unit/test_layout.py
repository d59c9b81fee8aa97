"""The layout of the repository keeps its promises."""

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = ("crds", "operator", "dataplane")


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks."""
    out = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in out.stdout.split("\0") if name and (ROOT / name).exists()]


@pytest.mark.parametrize("folder", DISTRIBUTIONS)
def test_no_folder_at_the_root_shadows_the_standard_library(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()


@pytest.mark.parametrize("folder", DISTRIBUTIONS)
def test_every_distribution_names_its_licence_and_carries_it(folder: str) -> None:
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]

    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / folder / "LICENSE").read_text()


def test_the_planes_install_apart() -> None:
    needs = {
        folder: " ".join(tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]["dependencies"])
        for folder in DISTRIBUTIONS
    }

    assert "kopf" not in needs["dataplane"]
    assert "kubernetes" not in needs["dataplane"]
    assert "faiss" not in needs["operator"]


def test_no_python_file_grows_past_four_hundred_lines() -> None:
    assert [str(file.relative_to(ROOT)) for file in tracked("*.py") if len(file.read_text().splitlines()) > 400] == []


def test_no_file_names_a_machine_path() -> None:
    # Assembled here so that this file does not name one itself.
    paths = ["/".join(("", "root", "")), "/".join(("", "work", "main")), "/".join(("", "tmp", "brief"))]
    found = [
        f"{file.relative_to(ROOT)}: {path}"
        for file in tracked()
        if file.suffix not in {".png", ".onnx"}
        for path in paths
        if path in file.read_text(errors="ignore")
    ]
    assert found == []
