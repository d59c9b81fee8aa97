"""Configuration of the test Redis, for the loopback process and for the pod alike."""

from __future__ import annotations

from collections.abc import Sequence

ADMIN = "ringfence-admin"
CA_FILE = "ca.crt"
CERTIFICATE = "server.crt"
KEY = "server.key"


def redis_configuration(*, bind: str, port: int, tls: str, data: str, password: str, more: Sequence[str] = ()) -> str:
    """A `redis.conf`: TLS only, the default user off, one admin user, nothing saved, no aclfile.

    `tls` is the folder of the certificate files, `data` one that Redis may write to; `more` are lines to append.
    """
    lines = [
        f"bind {bind}",
        "port 0",
        f"tls-port {port}",
        f"tls-ca-cert-file {tls}/{CA_FILE}",
        f"tls-cert-file {tls}/{CERTIFICATE}",
        f"tls-key-file {tls}/{KEY}",
        "tls-auth-clients no",
        "tls-replication yes",
        "repl-diskless-sync-delay 0",
        f"dir {data}",
        'save ""',
        "appendonly no",
        "maxmemory 64mb",
        "user default off",
        f"user {ADMIN} on >{password} ~* &* +@all",
        *more,
    ]
    return "\n".join(lines) + "\n"
