"""Redis as a loopback process: TLS by an authority of its own, default user off, one admin user, no aclfile.

Without an aclfile Redis forgets every user made at run time when it restarts, as managed Redis services do at a
failover: whoever made the users must notice and repair.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from e2e.cluster.errors import HarnessError
from e2e.cluster.system_packages import ensure_packages
from tests.servers.certificates import Authority, write_identity
from tests.servers.process import ServerProcess, bound_to_parent, free_port
from tests.servers.redis_config import ADMIN, CA_FILE, CERTIFICATE, KEY, redis_configuration

START_SECONDS = 30.0
REQUEST_SECONDS = 5.0


@dataclass
class RedisServer:
    """A running Redis that speaks TLS only."""

    host: str
    port: int
    ca_file: Path
    username: str
    password: str = field(repr=False)
    version: str
    _process: ServerProcess = field(repr=False)
    _home: Path = field(repr=False)

    def client(self, username: str | None = None, password: str | None = None) -> redis.Redis:
        """A blocking client, by default the admin's. The caller closes it."""
        return redis.Redis(
            host=self.host,
            port=self.port,
            username=username or self.username,
            password=self.password if password is None else password,
            ssl=True,
            ssl_ca_certs=str(self.ca_file),
            socket_timeout=REQUEST_SECONDS,
            socket_connect_timeout=REQUEST_SECONDS,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),  # a refused login counts as a lost connection and would be tried again
        )

    def stop(self) -> None:
        """Stop the server: its data and its users are lost."""
        self._process.stop()

    def resume(self) -> None:
        """Start the stopped server again on the same port, empty."""
        self._process.start(self._ready, START_SECONDS)

    def restart(self) -> None:
        """Stop and start: afterwards there is the admin user, and nobody else."""
        self.stop()
        self.resume()

    def close(self) -> None:
        """Stop the server and remove what it wrote."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def _ready(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.info("replication").get("master_link_status", "up") == "up")
        except redis.RedisError:
            return False


def start_redis(port: int = 0, *, replica_of: RedisServer | None = None) -> RedisServer:
    """Start Redis on loopback; `port` 0 takes a free one. The caller calls `close`.

    With `replica_of` the server replicates that one's data (its users are never replicated) and shares its
    authority and admin password.

    :raises HarnessError: there is no Redis and it cannot be installed.
    :raises ServerFailed: the server was not ready within `START_SECONDS`; the message ends with its log.
    """
    program = redis_program()
    home = Path(tempfile.mkdtemp(prefix="ringfence-redis-"))
    server = _server(program, home, port or free_port(), replica_of)
    try:
        server.resume()
        with server.client() as client:
            server.version = str(client.info("server")["redis_version"])
    except BaseException:
        server.close()
        raise
    return server


def redis_program() -> str:
    """The path of Redis, installed from Debian when there is none."""
    found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if found is None:
        # Debian's redis-tools holds the program itself, and unlike redis-server starts no system service.
        ensure_packages(["redis-tools"])
        found = shutil.which("redis-check-rdb")
    if found is None:
        raise HarnessError("no `redis-server` on PATH (on Debian: sudo apt-get install redis-tools)")
    return found


def _server(program: str, home: Path, port: int, primary: RedisServer | None) -> RedisServer:
    if primary is None:
        authority = Authority()
        (home / CA_FILE).write_text(authority.certificate)
        write_identity(home, "server", authority.issue("redis", "localhost", "127.0.0.1"))
        password = secrets.token_urlsafe(24)
    else:
        for name in (CA_FILE, CERTIFICATE, KEY):
            shutil.copy2(primary._home / name, home / name)
        password = primary.password
    config = home / "redis.conf"
    config.touch(mode=0o600)
    config.write_text(
        redis_configuration(
            bind="127.0.0.1", port=port, tls=str(home), data=str(home), password=password, more=_replication(primary)
        )
    )
    # One program serves as server and as checker of dumps: it looks at the name by which it was called.
    named = home / "redis-server"
    named.symlink_to(program)
    process = ServerProcess("redis", bound_to_parent([str(named), str(config)]), folder=home)
    return RedisServer("127.0.0.1", port, home / CA_FILE, ADMIN, password, "", process, home)


def _replication(primary: RedisServer | None) -> list[str]:
    if primary is None:
        return []
    return [
        f"replicaof {primary.host} {primary.port}",
        f"masteruser {primary.username}",
        f"masterauth {primary.password}",
    ]
