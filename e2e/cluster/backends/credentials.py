"""Keys, certificates and the password of the backends: made once for a cluster, then read back from it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from tests.servers.certificates import Authority
from tests.servers.redis_config import ADMIN

NAMESPACE = "ringfence-backends"


@dataclass(frozen=True, repr=False)
class Credentials:
    """Certificates and keys are PEM; `*_name` are certificate subjects."""

    opensearch_ca: str
    opensearch_certificate: str
    opensearch_key: str
    opensearch_name: str
    admin_certificate: str
    admin_key: str
    admin_name: str
    redis_ca: str
    redis_certificate: str
    redis_key: str
    redis_username: str
    redis_password: str

    def as_data(self) -> dict[str, str]:
        """All of it, as a Secret's `stringData`."""
        return asdict(self)


def make_credentials() -> Credentials:
    """New credentials, with an authority for each server."""
    search, cache = Authority(), Authority()
    node = search.issue("opensearch", *names("opensearch"))
    admin = search.issue("ringfence-admin")
    server = cache.issue("redis", *names("redis"))
    return Credentials(
        opensearch_ca=search.certificate,
        opensearch_certificate=node.certificate,
        opensearch_key=node.key,
        opensearch_name=node.name,
        admin_certificate=admin.certificate,
        admin_key=admin.key,
        admin_name=admin.name,
        redis_ca=cache.certificate,
        redis_certificate=server.certificate,
        redis_key=server.key,
        redis_username=ADMIN,
        redis_password=secrets.token_urlsafe(24),
    )


def from_data(data: Mapping[str, str]) -> Credentials | None:
    """The credentials in a Secret's decoded data, or None when a field is missing."""
    try:
        return Credentials(**{field.name: data[field.name] for field in fields(Credentials)})
    except KeyError:
        return None


def names(service: str) -> list[str]:
    """Every name by which `service` is reached in the cluster, and those of a port-forward."""
    qualified = f"{service}.{NAMESPACE}"
    return [service, qualified, f"{qualified}.svc", f"{qualified}.svc.cluster.local", "localhost", "127.0.0.1"]
