"""Debian packages that the test cluster and its images need, installed when this process may install them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from e2e.cluster.errors import HarnessError
from e2e.cluster.locks import exclusive

CLUSTER_PACKAGES: tuple[str, ...] = (
    "bpftool",
    "busybox-static",
    "ca-certificates",
    "clang-19",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "iproute2",
    "ipset",
    "iptables",
    "kmod",
    "nftables",
    "runc",
)
"""What one node with Cilium needs: the container runtime, the tools of the network, a BPF compiler."""

IMAGE_PACKAGES: tuple[str, ...] = ("buildah", "debootstrap", "podman")
"""What building and packing container images without a daemon needs."""

SERVER_PACKAGES: tuple[str, ...] = ("redis-server",)
"""Servers whose binaries the tests start themselves; their system services stay off."""

_INSTALL_SECONDS = 900
_POLICY = Path("/usr/sbin/policy-rc.d")
_LOCK = Path(tempfile.gettempdir()) / "ringfence-apt.lock"


def ensure_packages(names: Iterable[str]) -> list[str]:
    """Install the Debian packages among `names` that are missing; return those installed now, sorted.

    No system service is started by an installation. Raises `HarnessError`, naming the missing packages and the
    command that installs them, where this process can't install: not root, or not Debian.
    """
    missing = missing_packages(names)
    if not missing:
        return []
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise HarnessError(cure(missing, has_apt=shutil.which("apt-get") is not None))
    with exclusive(_LOCK, what="installation of packages", timeout=_INSTALL_SECONDS), _services_stay_off():
        missing = missing_packages(missing)
        if missing:
            _apt("update", "-qq")
            _apt("install", "-qq", "--yes", "--no-install-recommends", *missing)
    return missing


def missing_packages(names: Iterable[str]) -> list[str]:
    """The packages among `names` that are not installed, sorted; all of them where there is no dpkg."""
    wanted = sorted(set(names))
    if shutil.which("dpkg-query") is None:
        return wanted
    query = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *wanted],
        capture_output=True,
        text=True,
        check=False,  # it exits with 1 whenever one of the names is unknown
        timeout=60,
    )
    return absent(wanted, query.stdout)


def absent(wanted: Sequence[str], dpkg_listing: str) -> list[str]:
    """Those of `wanted` that no line `NAME installed` of `dpkg_listing` names."""
    installed = {line.split()[0] for line in dpkg_listing.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in installed]


def cure(missing: Sequence[str], *, has_apt: bool) -> str:
    """One line: what is missing and the command that cures it."""
    names = " ".join(missing)
    if has_apt:
        return f"missing Debian packages: run as root: apt-get install --no-install-recommends {names}"
    return f"missing programs, and this is not Debian: install what these Debian packages hold: {names}"


def _apt(*arguments: str) -> None:
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS
    )
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise HarnessError(f"`{' '.join(command)}` failed: {' '.join(reason)}")


@contextmanager
def _services_stay_off() -> Iterator[None]:
    """Deny service starts while packages are installed: the tests start their own servers on their own ports."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
