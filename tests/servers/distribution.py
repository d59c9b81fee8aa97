"""OpenSearch with its security plugin, assembled from Maven Central.

The only server archive published there is the one for integration tests. It lacks two modules that every full
distribution has: `analysis-common` (the `english` analyzer among others) and `lang-painless` (scripts). Both are
published as jars and become modules here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from e2e.cluster.errors import HarnessError
from e2e.cluster.paths import cache_dir
from tests.servers.cache import provisioned
from tests.servers.java import java_home, maven

OPENSEARCH_VERSION = "2.19.4"
SECURITY_VERSION = "2.19.4.0"
# Part of the folder's name: raise it when what is assembled changes for the same version.
LAYOUT = 1

DOWNLOAD_SECONDS = 900.0
INSTALL_SECONDS = 300.0


@dataclass(frozen=True)
class Artifact:
    group: str
    name: str
    version: str
    packaging: str
    sha256: str | None = None


SERVER = Artifact(
    "org.opensearch.distribution.integ-test-zip",
    "opensearch",
    OPENSEARCH_VERSION,
    "zip",
    "3902e642715210d1d9d7cbdcc8f5abd6f931d1d7a679cea3750937becf16c406",
)
SECURITY = Artifact(
    "org.opensearch.plugin",
    "opensearch-security",
    SECURITY_VERSION,
    "zip",
    "1f673622c462c4171a8c53f9b1ad20e5b839834cb79b0d3b388da180a0e514e8",
)


@dataclass(frozen=True)
class Module:
    name: str
    class_name: str
    extends: str = ""
    policy: str = ""


# Painless compiles scripts to classes and loads them.
PAINLESS_POLICY = """grant {
  permission java.lang.RuntimePermission "createClassLoader";
  permission java.lang.RuntimePermission "getClassLoader";
};
"""
MODULES = (
    Module("lang-painless", "org.opensearch.painless.PainlessPlugin", policy=PAINLESS_POLICY),
    Module("analysis-common", "org.opensearch.analysis.common.CommonAnalysisPlugin", extends="lang-painless"),
)


def opensearch_distribution() -> Path:
    """The folder of an OpenSearch ready to run (`bin/`, `lib/`, …), assembled on first use.

    :raises HarnessError: no Java, no Maven, or Maven Central is out of reach.
    """
    return provisioned(cache_dir() / f"opensearch-{OPENSEARCH_VERSION}-{LAYOUT}", _assemble)


def _assemble(target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="ringfence-assemble-") as scratch:
        work = Path(scratch)
        server = _download(SERVER, work / "server")
        _unpack(server[0], target)
        for module in MODULES:
            artifact = Artifact("org.opensearch.plugin", module.name, OPENSEARCH_VERSION, "jar")
            _add_module(target, module, _download(artifact, work / module.name))
        plugin = _download(SECURITY, work / "security")
        _install_plugin(target, plugin[0])


def _download(artifact: Artifact, folder: Path) -> list[Path]:
    """Fetch `artifact` and what it needs at run time into `folder`; the artifact itself comes first."""
    folder.mkdir()
    pom = folder / "pom.xml"
    pom.write_text(_pom(artifact))
    # Strict checksums: a jar that differs from the repository's digest fails the download.
    command = [maven(), "--batch-mode", "--quiet", "--strict-checksums", "--file", str(pom)]
    command += ["dependency:copy-dependencies", "-DoutputDirectory=got", "-DincludeScope=runtime"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False)
    wanted = folder / "got" / f"{artifact.name}-{artifact.version}.{artifact.packaging}"
    if done.returncode != 0 or not wanted.exists():
        said = [line for line in done.stdout.splitlines() if "ERROR" in line][:1]
        raise HarnessError(
            f"Maven could not fetch {artifact.group}:{artifact.name}:{artifact.version} "
            f"(check that Maven Central, or a mirror named in ~/.m2/settings.xml, is reachable): {' '.join(said)}"
        )
    if artifact.sha256 is not None and _sha256(wanted) != artifact.sha256:
        raise HarnessError(f"{wanted.name} does not have the expected SHA-256; remove it from ~/.m2 and retry")
    return [wanted, *sorted(path for path in wanted.parent.iterdir() if path != wanted)]


def _pom(artifact: Artifact) -> str:
    fields = {"groupId": artifact.group, "artifactId": artifact.name, "version": artifact.version}
    wanted = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in fields.items())
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>dev.ringfence</groupId><artifactId>test-servers</artifactId><version>1</version>"
        "<packaging>pom</packaging><dependencies><dependency>"
        f"{wanted}<type>{artifact.packaging}</type></dependency></dependencies></project>"
    )


def _unpack(archive: Path, target: Path) -> None:
    """Unpack `archive` without its one top folder, keeping permissions (which zipfile forgets)."""
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            inside = entry.filename.partition("/")[2]
            if not inside:
                continue
            path = target / inside
            if entry.is_dir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(opened.read(entry))
            path.chmod((entry.external_attr >> 16) & 0o777 or 0o644)


def _add_module(target: Path, module: Module, jars: list[Path]) -> None:
    folder = target / "modules" / module.name
    folder.mkdir()
    shipped = {path.name for path in (target / "lib").iterdir()}
    for jar in jars:
        if jar.name not in shipped:
            shutil.copyfile(jar, folder / jar.name)
    descriptor = {
        "name": module.name,
        "description": f"Module {module.name}",
        "version": OPENSEARCH_VERSION,
        "opensearch.version": OPENSEARCH_VERSION,
        "java.version": "11",
        "classname": module.class_name,
        "extended.plugins": module.extends,
    }
    lines = [f"{key}={value}\n" for key, value in descriptor.items()]
    (folder / "plugin-descriptor.properties").write_text("".join(lines))
    if module.policy:
        (folder / "plugin-security.policy").write_text(module.policy)


def _install_plugin(target: Path, archive: Path) -> None:
    command = [str(target / "bin" / "opensearch-plugin"), "install", "--batch", archive.as_uri()]
    environment = {**os.environ, "OPENSEARCH_JAVA_HOME": str(java_home())}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"opensearch-plugin install failed: {(done.stderr or done.stdout)[-800:]}")


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
