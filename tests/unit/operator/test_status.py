"""Conditions as kubectl wait, Argo CD and Flux read them."""

from __future__ import annotations

from typing import Any

from ringfence_api.tenant import Tenant, TenantStatus
from ringfence_operator.reconcile.results import Outcome, State
from ringfence_operator.reconcile.status import leaving_status, refused_status, serving_status
from tests.unit.operator.samples import tenant_body

NOW, EARLIER = "2026-01-02T03:05:00Z", "2026-01-01T00:00:00Z"
TENANT = Tenant.parse(tenant_body())
READY = Outcome("RedisReady", State.READY, "AsDesired", "")
AWAY = Outcome("RedisReady", State.FAILED, "RedisUnavailable", "Redis at r:6379 does not answer.")
STUCK = Outcome("OpenSearchReady", State.STALLED, "NameConflict", "Index x exists.")
STARTING = Outcome("DataPlaneReady", State.WAITING, "Starting", "None of 2 pods is ready.")


def serving(*outcomes: Outcome, not_reached: tuple[str, ...] = (), before: Any = None) -> dict[str, dict[str, Any]]:
    status = serving_status(TENANT, outcomes, not_reached, before or {}, NOW)
    TenantStatus.model_validate(status)  # fits the schema of the CRD
    return {condition["type"]: condition for condition in status["conditions"]}


def states(conditions: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {kind: condition["status"] for kind, condition in conditions.items()}


def test_all_well_is_ready_and_neither_reconciling_nor_stalled() -> None:
    assert states(serving(READY)) == {"Ready": "True", "Reconciling": "False", "Stalled": "False", "RedisReady": "True"}


def test_a_backend_that_is_away_is_named_and_the_tenant_is_reconciling() -> None:
    conditions = serving(AWAY)

    assert states(conditions) == {"Ready": "False", "Reconciling": "True", "Stalled": "False", "RedisReady": "False"}
    assert conditions["Ready"]["reason"] == "RedisUnavailable"
    assert "does not answer" in conditions["Ready"]["message"]


def test_what_a_person_has_to_mend_is_stalled_even_while_other_things_move() -> None:
    conditions = serving(STARTING, STUCK)

    assert conditions["Stalled"]["status"] == "True"
    assert conditions["Ready"]["reason"] == "NameConflict"


def test_the_worst_node_speaks_for_redis() -> None:
    assert serving(READY, AWAY)["RedisReady"]["status"] == "False"
    assert serving(AWAY, READY)["RedisReady"]["status"] == "False"


def test_what_was_not_reached_is_unknown_and_says_what_it_waits_for() -> None:
    conditions = serving(STUCK, not_reached=("RedisReady",))

    assert conditions["RedisReady"]["status"] == "Unknown"
    assert "OpenSearchReady" in conditions["RedisReady"]["message"]


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    before = serving_status(TENANT, [AWAY], (), {}, EARLIER)

    same = serving(AWAY, before=before)
    healed = serving(READY, before=before)

    assert same["Ready"]["lastTransitionTime"] == EARLIER
    assert healed["Ready"]["lastTransitionTime"] == NOW
    assert healed["Stalled"]["lastTransitionTime"] == EARLIER


def test_the_same_pass_again_gives_the_same_status() -> None:
    first = serving_status(TENANT, [READY], (), {}, EARLIER)

    assert serving_status(TENANT, [READY], (), first, NOW) == first


def test_warnings_about_the_platform_show_without_making_the_tenant_unready() -> None:
    warned = Outcome("OpenSearchReady", State.READY, "AsDesired", "", warnings=["Delete own_index."])

    conditions = serving(warned)

    assert conditions["Ready"]["status"] == "True"
    assert "own_index" in conditions["Ready"]["message"]
    assert "own_index" in conditions["OpenSearchReady"]["message"]


def test_a_deletion_says_what_it_waits_for() -> None:
    status = leaving_status(3, STARTING, {"endpoint": "http://x"}, NOW)

    ready = status["conditions"][0]
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "False", "Deleting")
    assert "None of 2 pods" in ready["message"]
    assert status["endpoint"] == "http://x"


def test_a_refused_tenant_is_stalled_for_the_generation_that_was_seen() -> None:
    status = refused_status(7, Outcome("Ready", State.STALLED, "InvalidSpec", "spec.llm: missing"), {}, NOW)

    assert status["observedGeneration"] == 7
    assert {c["type"]: c["status"] for c in status["conditions"]} == {
        "Ready": "False",
        "Reconciling": "False",
        "Stalled": "True",
    }


def test_a_long_message_is_cut_to_what_the_schema_takes() -> None:
    long = Outcome("RedisReady", State.FAILED, "X", "x" * 5000)

    assert len(serving(long)["Ready"]["message"]) == 2048
