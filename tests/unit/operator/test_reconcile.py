"""One pass over a Tenant, in every situation that it may meet."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from ringfence_api.labels import FINALIZER
from ringfence_operator.backends.credentials import CredentialStore
from ringfence_operator.backends.errors import NeedsPerson, TryLater
from ringfence_operator.backends.kubernetes import KubernetesBackend, judge_foundation, judge_workload
from ringfence_operator.backends.ownership import Ownership
from ringfence_operator.backends.tenants import TenantObjects
from ringfence_operator.backends.volumes import VolumesBackend
from ringfence_operator.desired.credentials import fingerprint
from ringfence_operator.desired.manifests import FOUNDATION, WORKLOAD
from ringfence_operator.desired.opensearch import opensearch_resources
from ringfence_operator.desired.redis import redis_resources
from ringfence_operator.reconcile.results import Pass, State
from ringfence_operator.reconcile.tenant import Reconciler
from tests.unit.operator.fakes import Crash, Crashes, FakeBackend, FakeKube
from tests.unit.operator.samples import PLATFORM, tenant_body

HOME = PLATFORM.operator_namespace


@dataclass
class World:
    """A cluster with OpenSearch and Redis, and an operator that may die and come back."""

    kube: FakeKube
    opensearch: FakeBackend = field(init=False)
    redis: FakeBackend = field(init=False)
    reconcile: Reconciler = field(init=False)

    def __post_init__(self) -> None:
        log = self.kube.log
        self.opensearch = FakeBackend("OpenSearchReady", opensearch_resources, self.kube.crashes, log)
        self.redis = FakeBackend("RedisReady", redis_resources, self.kube.crashes, log)
        self.reconcile = Reconciler(
            tenants=TenantObjects(self.kube, "operator-0"),
            ownership=Ownership(self.kube, HOME),
            credentials=CredentialStore(self.kube, HOME),
            platform=PLATFORM,
            foundation=[
                VolumesBackend("NamespaceReady", self.kube),
                KubernetesBackend("NamespaceReady", self.kube, FOUNDATION, judge_foundation),
            ],
            services=[
                self.opensearch,
                self.redis,
                KubernetesBackend("DataPlaneReady", self.kube, WORKLOAD, judge_workload),
            ],
            clock=lambda: datetime(2026, 1, 2, 3, 5, tzinfo=UTC),
        )

    async def settle(self, passes: int = 6) -> Pass:
        """Pass after pass, with pods that start in between."""
        result = await self.reconcile("acme")
        for _ in range(passes):
            if ("Deployment", "tenant-acme", "dataplane") in self.kube.objects:
                self.kube.run_pods("tenant-acme")
            result = await self.reconcile("acme")
        return result

    def conditions(self) -> dict[str, dict[str, Any]]:
        status = self.kube.objects["Tenant", "", "acme"].get("status", {})
        return {condition["type"]: condition for condition in status.get("conditions", [])}

    def names(self) -> set[str]:
        """Everything that exists, wherever it is."""
        return {f"{kind} {namespace}/{name}" for kind, namespace, name in self.kube.objects} | {
            *self.opensearch.held,
            *self.redis.held,
        }


def world(*objects: dict[str, Any], crashes: Crashes | None = None, **spec: Any) -> World:
    return World(FakeKube([tenant_body(**spec), *objects], crashes))


async def test_a_new_tenant_is_protected_before_anything_is_made() -> None:
    acme = world()

    await acme.reconcile("acme")

    assert acme.kube.log[0] == "patch ('Tenant', '', 'acme')"
    assert acme.kube.log[1] == "create ('Namespace', '', 'tenant-acme')"
    assert acme.kube.objects["Tenant", "", "acme"]["metadata"]["finalizers"] == [FINALIZER]


async def test_credentials_are_kept_before_they_are_given_to_anybody() -> None:
    acme = world()

    await acme.reconcile("acme")

    steps = acme.kube.log
    secret = next(i for i, step in enumerate(steps) if "'Secret'" in step)
    user = next(i for i, step in enumerate(steps) if "InternalUser" in step)
    pods = next(i for i, step in enumerate(steps) if "'Deployment'" in step)
    assert secret < user < pods


async def test_a_tenant_is_ready_when_its_pods_are() -> None:
    acme = world()

    first = await acme.reconcile("acme")
    settled = await acme.settle()

    assert first.state is State.WAITING
    assert settled.state is State.READY
    assert acme.conditions()["Ready"]["status"] == "True"


async def test_a_steady_tenant_is_not_written_to() -> None:
    acme = world()
    await acme.settle()
    before = list(acme.kube.log)

    for _ in range(100):
        assert (await acme.reconcile("acme")).state is State.READY

    assert acme.kube.log == before


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
async def test_a_crash_at_any_write_ends_in_the_same_world(late: bool) -> None:
    reference = world()
    await reference.settle()
    points = reference.kube.crashes.writes

    for at in range(points):
        acme = world(crashes=Crashes(at, late=late))
        with pytest.raises(Crash):
            await acme.settle()
        acme.kube.crashes = acme.opensearch.crashes = acme.redis.crashes = Crashes()  # it comes back

        assert (await acme.settle()).state is State.READY
        assert acme.names() == reference.names(), f"crash at write {at}"
        assert_credentials_agree(acme)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("policy", ["Retain", "Delete"])
async def test_a_crash_at_any_write_of_a_deletion_leaves_what_the_policy_says(policy: str, late: bool) -> None:
    async def deleted(crashes: Crashes) -> World:
        acme = world(deletionPolicy=policy)
        await acme.settle()
        acme.kube.ask_deletion("acme")
        acme.kube.crashes = acme.opensearch.crashes = acme.redis.crashes = crashes
        try:
            await acme.settle()
        except Crash:
            acme.kube.crashes = acme.opensearch.crashes = acme.redis.crashes = Crashes()
            await acme.settle()
        return acme

    counting = Crashes()
    reference = await deleted(counting)
    assert ("Tenant", "", "acme") not in reference.kube.objects
    if policy == "Delete":
        assert reference.names() == set()

    for at in range(counting.writes):
        assert (await deleted(Crashes(at, late=late))).names() == reference.names(), f"crash at write {at}"


def assert_credentials_agree(acme: World) -> None:
    data = acme.kube.objects["Secret", "tenant-acme", "credentials"]["data"]
    kept = {key: base64.b64decode(value).decode() for key, value in data.items()}
    user = acme.redis.held["AclUser/ringfence-acme-a"].body
    assert user["passwords"] == [fingerprint(kept["redis-password"])]
    assert acme.opensearch.held["InternalUser/ringfence-acme-a"].write_only["password"] == kept["opensearch-password"]


async def test_a_backend_that_is_away_is_named_and_holds_up_no_other() -> None:
    acme = world()
    acme.opensearch.error = TryLater("OpenSearchUnavailable", "OpenSearch at https://o does not answer.")

    result = await acme.reconcile("acme")

    assert result.state is State.FAILED
    assert acme.conditions()["OpenSearchReady"]["message"] == "OpenSearch at https://o does not answer."
    assert "AclUser/ringfence-acme-a" in acme.redis.held
    acme.opensearch.error = None
    assert (await acme.settle()).state is State.READY


async def test_what_a_person_has_to_mend_is_stalled_and_heals_by_itself_after_that() -> None:
    acme = world()
    acme.opensearch.error = NeedsPerson("NameConflict", "Index x exists.")

    assert (await acme.reconcile("acme")).state is State.STALLED
    assert acme.conditions()["Stalled"]["status"] == "True"
    acme.opensearch.error = None
    assert (await acme.settle()).state is State.READY


async def test_a_missing_namespace_stops_everything_that_would_need_it() -> None:
    squat = {
        "kind": "Namespace",
        "metadata": {"name": "tenant-acme", "uid": "x", "creationTimestamp": "2025-01-01T00:00:00Z"},
    }
    acme = world(squat)

    assert (await acme.reconcile("acme")).state is State.STALLED

    assert acme.conditions()["Ready"]["reason"] == "NameConflict"
    assert acme.opensearch.held == {}
    assert not any(kind == "Secret" for kind, _, _ in acme.kube.objects)


async def test_a_key_of_the_language_model_comes_only_from_a_secret_that_was_labelled_for_the_tenant() -> None:
    llm = {"baseUrl": "https://llm.example/v1", "model": "m", "apiKeySecret": "models"}
    secret = {
        "kind": "Secret",
        "metadata": {"name": "models", "namespace": HOME, "labels": {"ringfence.dev/tenant": "globex"}},
        "data": {"api-key": base64.b64encode(b"sk-canary").decode()},
    }
    acme = world(secret, llm=llm)

    assert (await acme.reconcile("acme")).state is State.STALLED
    assert acme.conditions()["Stalled"]["reason"] == "ApiKeyMissing"

    acme.kube.objects["Secret", HOME, "models"]["metadata"]["labels"]["ringfence.dev/tenant"] = "acme"
    await acme.settle()
    assert "llm-api-key" in acme.kube.objects["Secret", "tenant-acme", "credentials"]["data"]
    assert "sk-canary" not in str(acme.kube.objects["Tenant", "", "acme"]) + str(acme.kube.events)


async def test_an_invalid_spec_is_told_and_its_tenant_can_still_be_deleted() -> None:
    acme = world()
    await acme.settle()
    acme.kube.objects["Tenant", "", "acme"]["spec"]["llm"] = {"modle": "m"}

    assert (await acme.reconcile("acme")).state is State.STALLED
    assert "spec.llm" in acme.conditions()["Stalled"]["message"]

    acme.kube.ask_deletion("acme")
    await acme.settle()
    assert acme.names() == set()


async def test_a_deletion_without_a_policy_keeps_the_data() -> None:
    acme = world()
    await acme.settle()
    acme.kube.objects["Tenant", "", "acme"]["spec"] = {}
    acme.kube.ask_deletion("acme")

    await acme.settle()

    assert "Index/genai_acme_handbook" in acme.opensearch.held
    assert ("PersistentVolumeClaim", "tenant-acme", "vectors") in acme.kube.objects
    assert "InternalUser/ringfence-acme-a" not in acme.opensearch.held


async def test_traffic_stops_before_data_goes_and_the_namespace_goes_last() -> None:
    acme = world()
    await acme.settle()
    acme.kube.ask_deletion("acme")
    start = len(acme.kube.log)

    await acme.settle()

    steps = [step for step in acme.kube.log[start:] if step.startswith("delete") or ": delete" in step]
    assert steps[0] == "delete ('Deployment', 'tenant-acme', 'dataplane')"
    assert steps[-1] == "delete ('Namespace', '', 'tenant-acme')"
    users = next(i for i, step in enumerate(steps) if "InternalUser" in step)
    data = next(i for i, step in enumerate(steps) if "Index/" in step)
    assert users < data


async def test_a_deletion_with_a_backend_away_says_so_and_ends_when_it_is_back() -> None:
    acme = world()
    await acme.settle()
    acme.kube.ask_deletion("acme")
    acme.redis.error = TryLater("RedisUnavailable", "Redis at r:6379 does not answer.")

    assert (await acme.reconcile("acme")).state is State.FAILED

    ready = acme.conditions()["Ready"]
    assert ready["reason"] == "Deleting"
    assert "Redis at r:6379 does not answer." in ready["message"]
    assert "Index/genai_acme_handbook" in acme.opensearch.held
    acme.redis.error = None
    await acme.settle()
    assert acme.names() == set()


async def test_a_tenant_deleted_before_its_first_pass_leaves_nothing() -> None:
    acme = world()
    acme.kube.ask_deletion("acme")

    assert (await acme.reconcile("acme")).state is None
    assert acme.names() == {"Tenant /acme"}
    assert (await World(FakeKube()).reconcile("acme")).state is None


async def test_repairs_are_told_once_and_changes_of_the_spec_are_no_repairs() -> None:
    acme = world()
    await acme.settle()
    assert acme.kube.events == []

    del acme.redis.held["AclUser/ringfence-acme-a"]
    repaired = await acme.reconcile("acme")
    tenant = acme.kube.objects["Tenant", "", "acme"]
    tenant["spec"]["limits"] = {"requestsPerMinute": 5}
    tenant["metadata"]["generation"] = 2
    await acme.settle()

    assert repaired.repaired == 1
    assert [event["reason"] for event in acme.kube.events] == ["Repaired"]
    assert "AclUser/ringfence-acme-a" in acme.kube.events[0]["message"]


async def test_a_weak_platform_is_told_once_and_stays_in_the_condition() -> None:
    acme = world()
    acme.opensearch.warnings = ["Delete the role mapping own_index."]

    await acme.settle()

    assert [event["reason"] for event in acme.kube.events] == ["Platform"]
    assert "own_index" in acme.conditions()["OpenSearchReady"]["message"]
    assert acme.conditions()["Ready"]["status"] == "True"


async def test_no_credential_reaches_status_or_events() -> None:
    acme = world()
    await acme.settle()
    acme.redis.held.clear()
    await acme.settle()

    data = acme.kube.objects["Secret", "tenant-acme", "credentials"]["data"]
    secrets = [base64.b64decode(value).decode() for key, value in data.items() if not key.endswith(".crt")]
    shown = str(acme.kube.objects["Tenant", "", "acme"]) + str(acme.kube.events) + str(acme.kube.log)
    assert len(secrets) == 5
    assert not any(secret in shown for secret in secrets)
