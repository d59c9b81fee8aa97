"""The small images that the cluster itself needs, written from single static programs without any image builder."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.cluster import programs
from e2e.cluster.commands import run

PAUSE_IMAGE = "ringfence-test/pause:dev"
SHELL_IMAGE = "ringfence-test/shell:dev"
DNS_IMAGE = "ringfence-test/coredns:dev"

_BUSYBOX = Path("/bin/busybox")
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Contents:
    """What an image holds: programs copied from this machine, links, texts and folders, by path without a slash."""

    programs: Mapping[str, Path]
    links: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, int] = field(default_factory=dict)


def write_all(folder: Path) -> list[Path]:
    """Write the archives of all base images to `folder`; an archive that is newer than its programs is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _write(folder, PAUSE_IMAGE, Contents({"pause": programs.PAUSE.path}), ["/pause"], user="65535:65535"),
        _write(folder, SHELL_IMAGE, _shell(), ["/bin/sh"]),
        _write(folder, DNS_IMAGE, Contents({"coredns": programs.COREDNS.path}), ["/coredns"]),
    ]


def write_archive(path: Path, name: str, contents: Contents, entrypoint: Sequence[str], user: str = "") -> None:
    """Write an OCI archive of one layer; equal contents give equal bytes."""
    layer = _layer(contents)
    config = _encoded(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": list(entrypoint), "User": user, "Env": ["PATH=/usr/bin:/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    manifest = _encoded(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, config),
            "layers": [_descriptor(_LAYER, layer)],
        }
    )
    reference = {**_descriptor(_MANIFEST, manifest), "annotations": {"io.containerd.image.name": f"docker.io/{name}"}}
    index = _encoded({"schemaVersion": 2, "manifests": [reference]})
    with tarfile.open(path, "w") as archive:
        _add(archive, "oci-layout", _encoded({"imageLayoutVersion": "1.0.0"}))
        _add(archive, "index.json", index)
        for blob in (config, manifest, layer):
            _add(archive, f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}", blob)


def _shell() -> Contents:
    applets = run([_BUSYBOX, "--list"], timeout=30).split()
    return Contents(
        programs={"bin/busybox": _BUSYBOX},
        links={f"bin/{applet}": "busybox" for applet in applets if applet != "busybox"},
        texts={
            "etc/passwd": "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
            "etc/group": "root:x:0:\nnogroup:x:65534:\n",
        },
        folders={"tmp": 0o1777},
    )


def _write(folder: Path, name: str, contents: Contents, entrypoint: Sequence[str], user: str = "") -> Path:
    archive = folder / f"{name.replace('/', '_').replace(':', '_')}.tar"
    newest = max(program.stat().st_mtime for program in contents.programs.values())
    if not archive.is_file() or archive.stat().st_mtime < newest:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            fresh = Path(scratch) / "archive.tar"
            write_archive(fresh, name, contents, entrypoint, user)
            fresh.rename(archive)
    return archive


def _layer(contents: Contents) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, mode in sorted(contents.folders.items()):
            info = tarfile.TarInfo(path)
            info.type, info.mode = tarfile.DIRTYPE, mode
            tar.addfile(info)
        for path, program in sorted(contents.programs.items()):
            _add(tar, path, program.read_bytes(), mode=0o755)
        for path, text in sorted(contents.texts.items()):
            _add(tar, path, text.encode())
        for path, target in sorted(contents.links.items()):
            info = tarfile.TarInfo(path)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, path: str, content: bytes, mode: int = 0o644) -> None:
    info = tarfile.TarInfo(path)
    info.size, info.mode = len(content), mode
    tar.addfile(info, io.BytesIO(content))


def _descriptor(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()
