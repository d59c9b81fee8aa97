"""containerd with a root, a state and a socket of its own, apart from any containerd of the machine's."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

from e2e.cluster.base_images import PAUSE_IMAGE
from e2e.cluster.commands import run, succeeds, until
from e2e.cluster.errors import HarnessError
from e2e.cluster.paths import Layout
from e2e.cluster.processes import Processes

_SYSTEM_PLUGINS = Path("/usr/lib/cni")
_LONGEST_SOCKET = 100
_IMPORT_SECONDS = 300
_IMAGE_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


def start(layout: Layout, processes: Processes) -> None:
    """Start containerd and wait until it answers."""
    if len(str(layout.containerd_socket)) > _LONGEST_SOCKET:
        raise HarnessError(f"the path {layout.root} is too long for sockets: set XDG_STATE_HOME to a shorter one")
    for folder in (layout.cni_config, layout.cni_plugins, layout.containerd):
        folder.mkdir(parents=True, exist_ok=True)
    loopback = layout.cni_plugins / "loopback"
    if not loopback.exists():
        shutil.copy2(_SYSTEM_PLUGINS / "loopback", loopback)
    config = layout.config / "containerd.toml"
    config.write_text(_config(layout))
    processes.start("containerd", ["containerd", "--config", config])

    def answers() -> bool:
        processes.check("containerd")
        return succeeds(_ctr(layout, "version"), timeout=10)

    until(answers, what="containerd's answer", timeout=30)


def load(layout: Layout, archive: Path) -> list[str]:
    """Import the images of an OCI or Docker archive; the full names under which pods find them."""
    names = archive_names(archive)
    if not names:
        raise HarnessError(f"the archive {archive} names no image: save it with a name, for instance by podman save")
    run(_ctr(layout, "images", "import", str(archive)), timeout=_IMPORT_SECONDS)
    for name in names:
        if full_name(name) != name and name in _image_names(layout):
            run(_ctr(layout, "images", "tag", "--force", name, full_name(name)), timeout=60)
            run(_ctr(layout, "images", "rm", name), timeout=60)
    return [full_name(name) for name in names]


def full_name(name: str) -> str:
    """The name that the kubelet asks for when a pod says `name`: podman's `localhost/` gone, a registry in front."""
    short = name.removeprefix("localhost/")
    first, slash, _ = short.partition("/")
    if slash and ("." in first or ":" in first):
        return short
    return f"docker.io/{short}" if slash else f"docker.io/library/{short}"


def archive_names(archive: Path) -> list[str]:
    """The image names written in an OCI archive's index, or in a Docker archive's manifest."""
    with tarfile.open(archive) as tar:
        index: dict[str, Any] = _member(tar, "index.json") or {}
        if not index:
            return [name for image in _member(tar, "manifest.json") or [] for name in image["RepoTags"] or []]
    names = []
    for manifest in index.get("manifests", []):
        annotations = manifest.get("annotations", {})
        names += [annotations[key] for key in _IMAGE_NAMES if key in annotations][:1]
    return names


def _member(tar: tarfile.TarFile, name: str) -> Any:
    try:
        file = tar.extractfile(name)
    except KeyError:
        return None
    return None if file is None else json.load(file)


def _image_names(layout: Layout) -> list[str]:
    return run(_ctr(layout, "images", "ls", "--quiet"), timeout=60).split()


def _ctr(layout: Layout, *arguments: str) -> list[str]:
    return ["ctr", f"--address={layout.containerd_socket}", "--namespace=k8s.io", *arguments]


def _config(layout: Layout) -> str:
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""\
version = 2
root = "{layout.containerd}/root"
state = "{layout.containerd}/state"

[grpc]
  address = "{layout.containerd_socket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{layout.containerd}/opt"

[{cri}]
  sandbox_image = "{full_name(PAUSE_IMAGE)}"
  # Without CAP_SYS_RESOURCE no process may lower its score.
  restrict_oom_score_adj = true
  disable_apparmor = true
  # Otherwise pods' namespaces are mounted in /var/run/netns, among other programs'.
  netns_mounts_under_state_dir = true

[{cri}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"

[{cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[{cri}.containerd.runtimes.runc.options]
  Root = "{layout.containerd}/runc"

[{cri}.cni]
  bin_dir = "{layout.cni_plugins}"
  conf_dir = "{layout.cni_config}"
"""
