"""Promise: what the operator owns comes back when it is lost, and what it cannot reach it names."""

from collections.abc import Iterator

import pytest

from e2e.kubectl import Kubectl, eventually
from e2e.tenants import TenantClient, conditions
from e2e.test_foreign_credentials_are_refused import _redis


def test_redis_forgets_its_users_at_a_restart_and_the_operator_restores_them(ready: Kubectl) -> None:
    old = ready.items("-n", "ringfence-backends", "pod", "-l", "app=redis")[0]["metadata"]["uid"]
    ready("-n", "ringfence-backends", "delete", "pod", "-l", "app=redis", "--wait=false")

    def restarted() -> bool:
        pods = ready.items("-n", "ringfence-backends", "pod", "-l", "app=redis")
        return any(
            pod["metadata"]["uid"] != old
            and any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
            for pod in pods
        )

    eventually(restarted, "a new Redis pod", seconds=90)

    def usable() -> bool:
        with ready.port_forward("ringfence-backends", "svc/redis", 6379) as port:
            return bool(_redis(ready, port, "acme").ping())

    import redis

    def tolerant() -> bool:
        try:
            return usable()
        except redis.exceptions.RedisError:
            return False

    eventually(tolerant, "acme's Redis user is back", seconds=60, interval=3)


def test_a_deleted_network_policy_comes_back(ready: Kubectl) -> None:
    policies = ready.items("-n", "tenant-acme", "networkpolicy")
    names = {policy["metadata"]["name"] for policy in policies}
    ready("-n", "tenant-acme", "delete", "networkpolicy", "--all")

    eventually(
        lambda: {p["metadata"]["name"] for p in ready.items("-n", "tenant-acme", "networkpolicy")} == names,
        "the policies are back",
        seconds=60,
    )


@pytest.mark.parametrize(("service", "condition"), [("redis", "RedisReady"), ("opensearch", "OpenSearchReady")])
def test_an_unreachable_backend_shows_as_a_condition_and_heals(
    ready: Kubectl, apps: dict[str, TenantClient], service: str, condition: str, healed: None
) -> None:
    selector = ready.get("-n", "ringfence-backends", "service", service)["spec"]["selector"]
    try:
        ready(
            "-n", "ringfence-backends", "patch", "service", service, "--type=json",
            '-p=[{"op":"add","path":"/spec/selector/e2e-away","value":"yes"}]',
        )  # fmt: skip

        def told() -> bool:
            found = conditions(ready, "acme")[condition]
            return found["status"] != "True" and service in found["message"].lower()

        eventually(told, f"{condition} tells that {service} is away", seconds=90)
        assert conditions(ready, "acme")["Ready"]["status"] != "True"
    finally:
        ready(
            "-n", "ringfence-backends", "patch", "service", service, "--type=json",
            '-p=[{"op":"remove","path":"/spec/selector/e2e-away"}]',
        )  # fmt: skip
    assert ready.get("-n", "ringfence-backends", "service", service)["spec"]["selector"] == selector
    eventually(lambda: conditions(ready, "acme")["Ready"]["status"] == "True", "acme is Ready again", seconds=120)


@pytest.fixture
def healed(ready: Kubectl) -> Iterator[None]:
    """Both tenants are Ready before and after a test that takes a backend away."""
    for tenant in ("acme", "globex"):
        eventually(lambda t=tenant: conditions(ready, t)["Ready"]["status"] == "True", f"{tenant} Ready", seconds=120)
    yield
    for tenant in ("acme", "globex"):
        eventually(lambda t=tenant: conditions(ready, t)["Ready"]["status"] == "True", f"{tenant} Ready", seconds=120)
