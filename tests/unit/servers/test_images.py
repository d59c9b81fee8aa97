from dataclasses import replace
from pathlib import Path

import pytest

from e2e.cluster.errors import HarnessError
from e2e.cluster.image_builder import Recipe, builder, network_mounts
from e2e.cluster.images import IMAGES, Image, build_all, content_key

OPERATOR, DATAPLANE, *BACKENDS = IMAGES


@pytest.fixture
def image(tmp_path: Path) -> Image:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "src" / "__pycache__").mkdir(parents=True)
    (tmp_path / "src" / "main.py").write_text("print()\n")
    return Image("thing", "test/thing", tmp_path / "Dockerfile", tmp_path, ("src",))


def test_the_key_of_unchanged_content_stays(image: Image) -> None:
    before = content_key(image, "buildah")
    (image.root / "src" / "__pycache__" / "main.pyc").write_text("compiled")

    assert content_key(image, "buildah") == before


@pytest.mark.parametrize("changed", ["Dockerfile", "src/main.py", "src/new.py"])
def test_the_key_changes_with_every_input(image: Image, changed: str) -> None:
    before = content_key(image, "buildah")
    (image.root / changed).write_text("something else")

    assert content_key(image, "buildah") != before


def test_the_key_changes_with_what_is_generated(image: Image) -> None:
    assert content_key(replace(image, generated=lambda: "1"), "x") != content_key(
        replace(image, generated=lambda: "2"), "x"
    )


def test_a_change_of_one_plane_leaves_the_other_planes_image_alone() -> None:
    assert "dataplane" not in OPERATOR.inputs
    assert "operator" not in DATAPLANE.inputs


def test_an_unknown_image_is_named_together_with_the_known_ones() -> None:
    with pytest.raises(HarnessError, match=r"no image is called oprator: there are operator, dataplane, opensearch"):
        build_all(["oprator"])


def test_a_mirror_reaches_the_build_by_a_mounted_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mirror.example/simple")

    options = network_mounts(tmp_path)

    assert f"{tmp_path}/uv.toml:/etc/uv/uv.toml:ro" in options
    assert "https://mirror.example/simple" in (tmp_path / "uv.toml").read_text()
    assert not any("mirror.example" in option for option in options)


def test_docker_builds_on_the_base_images_that_the_dockerfiles_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    engine = tmp_path / "docker"
    engine.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n')
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    maker = builder()

    maker.build(Recipe("docker.io/a/b:dev", tmp_path / "Dockerfile", tmp_path, True), tmp_path / "out.tar")

    assert maker.name == "docker"
    assert asked.read_text().splitlines() == [
        "info",
        f"build --quiet --tag docker.io/a/b:dev --file {tmp_path}/Dockerfile {tmp_path}",
        f"save --output {tmp_path}/out.tar docker.io/a/b:dev",
    ]
