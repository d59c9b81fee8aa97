"""The Java runtime and Maven that assemble and run OpenSearch."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from e2e.cluster.errors import HarnessError
from e2e.cluster.system_packages import ensure_packages

# OpenSearch 2.19 runs on 11, 17 and 21; its security plugin relies on the security manager that 24 removed.
OLDEST, NEWEST = 17, 23


def java_home() -> Path:
    """The home of a Java runtime that runs OpenSearch, installed from Debian when there is none."""
    found = _java_on_path()
    if found is None:
        ensure_packages(["openjdk-17-jre-headless"])
        found = _java_on_path()
    if found is None:
        raise HarnessError("no `java` on PATH (on Debian: sudo apt-get install openjdk-17-jre-headless)")
    version, home = found
    if not OLDEST <= version <= NEWEST:
        raise HarnessError(
            f"Java {version} cannot run OpenSearch, which needs {OLDEST} to {NEWEST} "
            "(on Debian: sudo apt-get install openjdk-17-jre-headless)"
        )
    return home


def maven() -> str:
    """The `mvn` command, installed from Debian when there is none."""
    if shutil.which("mvn") is None:
        ensure_packages(["maven"])
    found = shutil.which("mvn")
    if found is None:
        raise HarnessError("no `mvn` on PATH (on Debian: sudo apt-get install maven)")
    return found


def _java_on_path() -> tuple[int, Path] | None:
    command = shutil.which("java")
    if command is None:
        return None
    shown = subprocess.run(
        [command, "-XshowSettings:properties", "-version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    version = re.search(r"java\.specification\.version = (\d+)", shown.stderr)
    home = re.search(r"java\.home = (.+)", shown.stderr)
    if version is None or home is None:
        return None
    return int(version[1]), Path(home[1].strip())
