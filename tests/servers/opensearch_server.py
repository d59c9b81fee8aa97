"""OpenSearch as a loopback process: TLS by an authority of its own, security plugin on, no user but the admin."""

from __future__ import annotations

import os
import pwd
import shutil
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.servers.certificates import Authority, IdentityFiles, write_identity
from tests.servers.distribution import SECURITY_VERSION, opensearch_distribution
from tests.servers.java import java_home
from tests.servers.opensearch_config import CA_FILE, configuration, node_settings
from tests.servers.process import ServerProcess, bound_to_parent, user_group

# 12 s on an idle machine of 2 cores; a compiler beside it makes that minutes.
START_SECONDS = 300.0
REQUEST_SECONDS = 10.0
# OpenSearch refuses to run as root.
UNPRIVILEGED = "nobody"


@dataclass
class OpenSearchServer:
    """A running OpenSearch. Requests with the admin certificate may do everything; there is no other user."""

    url: str
    ca_file: Path
    admin_certificate: Path
    admin_key: Path
    version: str
    security_version: str
    _process: ServerProcess = field(repr=False)
    _home: Path = field(repr=False)

    def context(self) -> ssl.SSLContext:
        """Trusts the server; presents no certificate."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def admin_context(self) -> ssl.SSLContext:
        """Trusts the server and presents the admin certificate."""
        context = self.context()
        context.load_cert_chain(self.admin_certificate, self.admin_key)
        return context

    def stop(self) -> None:
        """Stop the server; its data stays for `resume`."""
        self._process.stop()

    def resume(self) -> None:
        """Start the stopped server again, on the same port with the same data."""
        self._process.start(lambda: _ready(self.url, self.admin_context()), START_SECONDS)

    def close(self) -> None:
        """Stop the server and remove everything it wrote."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)


def start_opensearch(port: int = 0) -> OpenSearchServer:
    """Start OpenSearch on loopback; `port` 0 takes a free one. The caller calls `close`.

    Assembles the distribution when this machine has none yet, which takes a minute.

    :raises HarnessError: Java, Maven or Maven Central is not there.
    :raises ServerFailed: the server was not ready within `START_SECONDS`; the message ends with its log.
    """
    distribution = opensearch_distribution()
    home = Path(tempfile.mkdtemp(prefix="ringfence-opensearch-"))
    try:
        return _start(distribution, home, port)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise


def _start(distribution: Path, home: Path, port: int) -> OpenSearchServer:
    authority = Authority()
    config = home / "config"
    config.mkdir()
    (config / CA_FILE).write_text(authority.certificate)
    node = authority.issue("opensearch", "localhost", "127.0.0.1")
    write_identity(config, "node", node)
    admin = authority.issue("ringfence-admin")
    files = write_identity(home, "admin", admin)
    settings = node_settings(
        host="127.0.0.1",
        http_port=port,
        data=str(home / "data"),
        logs=str(home / "logs"),
        node_name=node.name,
        admin_name=admin.name,
    )
    _write(config, settings)
    _hand_over(distribution, home)
    process = ServerProcess(
        "opensearch",
        bound_to_parent([str(home / "opensearch" / "bin" / "opensearch")], _user()),
        folder=home,
        environment={
            "OPENSEARCH_PATH_CONF": str(config),
            "OPENSEARCH_JAVA_HOME": str(java_home()),
            "OPENSEARCH_TMPDIR": str(home / "tmp"),
        },
    )
    return _first_start(process, home, files, settings)


def _first_start(
    process: ServerProcess, home: Path, admin: IdentityFiles, settings: dict[str, Any]
) -> OpenSearchServer:
    server = OpenSearchServer(
        "", home / "config" / CA_FILE, admin.certificate, admin.key, "", SECURITY_VERSION, process, home
    )
    context = server.admin_context()
    ports = home / "logs" / "http.ports"

    def listening() -> bool:
        if not ports.exists():
            return False
        server.url = f"https://127.0.0.1:{ports.read_text().split()[0].rpartition(':')[2]}"
        return _ready(server.url, context)

    process.start(listening, START_SECONDS)
    server.version = _get(server.url, "/", context).json()["version"]["number"]
    # A later start must come back where its clients know it.
    _write(home / "config", settings | {"http.port": int(server.url.rpartition(":")[2])})
    return server


def _write(config: Path, settings: dict[str, Any]) -> None:
    for name, text in configuration(settings).items():
        path = config / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def _hand_over(distribution: Path, home: Path) -> None:
    """Lay the distribution into `home` and give the unprivileged user what it writes to.

    The cache usually lies in a home folder that this user may not enter, so the files are linked, not named.
    """
    shutil.copytree(distribution, home / "opensearch", copy_function=_link)
    for name in ("data", "logs", "tmp"):
        (home / name).mkdir()
    user = _user()
    if user is None:
        return
    home.chmod(0o755)
    for path in (home / "config", *(home / "config").rglob("*"), home / "data", home / "logs", home / "tmp"):
        shutil.chown(path, user, user_group(user))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _user() -> str | None:
    return pwd.getpwnam(UNPRIVILEGED).pw_name if os.geteuid() == 0 else None


def _ready(url: str, context: ssl.SSLContext) -> bool:
    """Whether the node answers and its security plugin has read its configuration."""
    try:
        health = _get(url, "/_plugins/_security/health", context)
        return health.json().get("status") == "UP" and _get(url, "/", context).is_success
    except (httpx.HTTPError, ValueError):
        return False


def _get(url: str, path: str, context: ssl.SSLContext) -> httpx.Response:
    return httpx.get(url + path, verify=context, timeout=REQUEST_SECONDS, trust_env=False)
