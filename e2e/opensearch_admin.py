"""The platform's own view of OpenSearch and Redis: what a tenant left behind is counted here."""

import base64
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import redis

from e2e.kubectl import Kubectl

SECURITY = "/_plugins/_security/api"


@contextmanager
def opensearch_admin(kubectl: Kubectl, folder: Path) -> Iterator[httpx.Client]:
    """OpenSearch under the admin client certificate."""
    data = kubectl.get("-n", "ringfence-system", "secret", "opensearch-admin")["data"]
    for key in ("tls.crt", "tls.key", "ca.crt"):
        (folder / key).write_bytes(base64.b64decode(data[key]))
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    context.check_hostname = False  # the port-forward's name is localhost; the chain is verified all the same
    with (
        kubectl.port_forward("ringfence-backends", "svc/opensearch", 9200) as port,
        httpx.Client(base_url=f"https://localhost:{port}", verify=context, timeout=30) as client,
    ):
        yield client


@contextmanager
def redis_admin(kubectl: Kubectl) -> Iterator[redis.Redis]:
    """Redis under the platform's admin user."""
    data = {
        key: base64.b64decode(value).decode()
        for key, value in kubectl.get("-n", "ringfence-system", "secret", "redis-admin")["data"].items()
    }
    with kubectl.port_forward("ringfence-backends", "svc/redis", 6379) as port:
        client = redis.Redis(
            port=port,
            username=data["username"],
            password=data["password"],
            ssl=True,
            ssl_ca_data=data["ca.crt"],
            ssl_check_hostname=False,
        )
        yield client
        client.close()


def opensearch_leftovers(admin: httpx.Client, tenant: str) -> list[str]:
    """Everything in OpenSearch that bears the tenant's name."""
    found = [f"index {name}" for name in admin.get(f"/genai_{tenant}_*/_settings").json()]
    for kind in ("roles", "rolesmapping", "internalusers"):
        found += [
            f"{kind} {name}"
            for name in admin.get(f"{SECURITY}/{kind}").raise_for_status().json()
            if name == f"ringfence-{tenant}" or name.startswith(f"ringfence-{tenant}-")
        ]
    return found


def redis_leftovers(admin: Any, tenant: str) -> list[str]:
    """Everything in Redis that bears the tenant's name."""
    users = [user for user in admin.acl_users() if user.startswith(f"ringfence-{tenant}-")]
    keys = [key.decode() for key in admin.scan_iter(f"{tenant}:*")]
    return [f"user {user}" for user in users] + [f"key {key}" for key in keys]
