"""Images are written byte by byte alike, and found under the name that a pod asks for."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from e2e.cluster.base_images import Contents, write_archive
from e2e.cluster.container_runtime import archive_names, full_name, load
from e2e.cluster.errors import HarnessError
from e2e.cluster.paths import Layout


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF")
    return Contents(
        {"bin/program": program}, {"bin/sh": "program"}, {"etc/passwd": "root:x:0:0::/:\n"}, {"tmp": 0o1777}
    )


def test_equal_contents_give_equal_archives(tmp_path: Path, contents: Contents) -> None:
    for name in ("one.tar", "two.tar"):
        write_archive(tmp_path / name, "ringfence-test/x:dev", contents, ["/bin/program"])
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_an_archive_says_its_name_and_every_blob_has_the_digest_it_is_named_by(
    tmp_path: Path, contents: Contents
) -> None:
    path = tmp_path / "image.tar"
    write_archive(path, "ringfence-test/x:dev", contents, ["/bin/program"], user="65535:65535")
    assert archive_names(path) == ["docker.io/ringfence-test/x:dev"]
    with tarfile.open(path) as archive:
        blobs = [member for member in archive if member.name.startswith("blobs/")]
        for blob in blobs:
            content = archive.extractfile(blob)
            assert content is not None
            assert hashlib.sha256(content.read()).hexdigest() == Path(blob.name).name
        assert len(blobs) == 3


def test_programs_are_executable_and_links_lead_to_them(tmp_path: Path, contents: Contents) -> None:
    path = tmp_path / "image.tar"
    write_archive(path, "ringfence-test/x:dev", contents, ["/bin/program"])
    with tarfile.open(path) as archive:
        layer = max((one for one in archive if one.name.startswith("blobs/")), key=lambda one: one.size)
        stream = archive.extractfile(layer)
        assert stream is not None
        with tarfile.open(fileobj=stream) as files:
            assert files.getmember("bin/program").mode == 0o755
            assert files.getmember("bin/sh").linkname == "program"
            assert files.getmember("tmp").mode == 0o1777


def test_a_docker_archive_is_named_by_its_tags(tmp_path: Path) -> None:
    path = tmp_path / "docker.tar"
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps([{"RepoTags": ["docker.io/a/b:dev"]}, {"RepoTags": None}]))
    with tarfile.open(path, "w") as archive:
        archive.add(manifest, "manifest.json")
    assert archive_names(path) == ["docker.io/a/b:dev"]


def test_an_archive_that_names_no_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.tar"
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("README"))
    with pytest.raises(HarnessError, match="names no image"):
        load(Layout(tmp_path), path)


def test_a_name_in_an_index_may_come_from_either_tool(tmp_path: Path) -> None:
    path = tmp_path / "podman.tar"
    manifests = [{"annotations": {"org.opencontainers.image.ref.name": "localhost/a/b:dev"}}]
    index = tmp_path / "index.json"
    index.write_text(json.dumps({"manifests": manifests}))
    with tarfile.open(path, "w") as archive:
        archive.add(index, "index.json")
    assert archive_names(path) == ["localhost/a/b:dev"]


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("ringfence/operator:dev", "docker.io/ringfence/operator:dev"),
        ("localhost/ringfence/operator:dev", "docker.io/ringfence/operator:dev"),
        ("docker.io/ringfence/operator:dev", "docker.io/ringfence/operator:dev"),
        ("registry.example:5000/x:1", "registry.example:5000/x:1"),
        ("busybox:1", "docker.io/library/busybox:1"),
    ],
)
def test_an_image_gets_the_name_that_the_kubelet_asks_for(short: str, full: str) -> None:
    assert full_name(short) == full
