import io
import json
import tarfile
from pathlib import Path

from e2e.cluster.image_archive import read_archive


def tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def image(folder: Path, *layers: dict[str, bytes]) -> Path:
    names = [f"{number}.tar" for number in range(len(layers))]
    members = dict(zip(names, map(tar, layers), strict=True))
    members["config.json"] = json.dumps({"config": {"User": "10001"}}).encode()
    members["manifest.json"] = json.dumps([{"Config": "config.json", "Layers": names}]).encode()
    archive = folder / "image.tar"
    archive.write_bytes(tar(members))
    return archive


def test_later_layers_replace_and_remove_files(tmp_path: Path) -> None:
    base = {"./etc/a": b"1", "./etc/b": b"22", "./opt/x/c": b"333", "./opt/x/d": b""}
    upper = {"etc/a": b"4444", "etc/.wh.b": b"", "opt/.wh.x": b"", "new": b"5"}

    contents = read_archive(image(tmp_path, base, upper))

    assert contents.files == {"etc/a", "new"}
    assert contents.size == 5


def test_an_opaque_folder_hides_what_lay_below(tmp_path: Path) -> None:
    contents = read_archive(image(tmp_path, {"opt/old": b"1"}, {"opt/.wh..wh..opq": b"", "opt/new": b"1"}))

    assert contents.files == {"opt/new"}


def test_the_configuration_is_the_images(tmp_path: Path) -> None:
    assert read_archive(image(tmp_path, {})).config == {"User": "10001"}
