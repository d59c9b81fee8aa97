"""A Tenant's status from the outcomes of a pass. Pure.

The conditions are those that kstatus reads: Ready for people, Reconciling while something is under way, Stalled
while a person has to act; and one for each backend.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ringfence_api import names
from ringfence_api.tenant import Tenant
from ringfence_operator.reconcile.results import Outcome, State

_MESSAGE_MAX = 2048  # of the schema

Status = dict[str, Any]


def worst_per_condition(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """One outcome for each condition: several backends (the nodes of Redis) may speak under one name."""
    worst: dict[str, Outcome] = {}
    for outcome in outcomes:
        known = worst.get(outcome.condition)
        if known is None or outcome.state.value > known.state.value:
            worst[outcome.condition] = outcome
    return list(worst.values())


def serving_status(
    tenant: Tenant, outcomes: Sequence[Outcome], not_reached: Sequence[str], before: Mapping[str, Any], now: str
) -> Status:
    """Status of a living Tenant. `not_reached` are conditions whose backends had to wait for an earlier one."""
    backends = worst_per_condition(outcomes)
    conditions = [*_summary(backends, "The data plane serves."), *(_of_backend(outcome) for outcome in backends)]
    blocker = next((outcome.condition for outcome in backends if outcome.state is not State.READY), "")
    conditions += [(condition, "Unknown", "NotReached", f"Comes after {blocker}.") for condition in not_reached]
    generation = tenant.metadata.generation
    return {
        "observedGeneration": generation,
        "conditions": _stamped(conditions, generation, before, now),
        "endpoint": names.endpoint(tenant.name),
        "namespace": names.namespace(tenant.name),
        "indices": [names.index(tenant.name, kind) for kind in tenant.spec.search.doc_types],
    }


def leaving_status(generation: int, outcome: Outcome, before: Mapping[str, Any], now: str) -> Status:
    """Status of a Tenant that is being deleted: what its deletion waits for."""
    conditions = [
        ("Ready", "False", "Deleting", _cut(f"Is being deleted. {outcome.message}")),
        *_summary([outcome], "")[1:],
        _of_backend(outcome),
    ]
    kept = {key: before[key] for key in ("endpoint", "namespace", "indices") if key in before}
    return {**kept, "observedGeneration": generation, "conditions": _stamped(conditions, generation, before, now)}


def refused_status(generation: int, outcome: Outcome, before: Mapping[str, Any], now: str) -> Status:
    """Status of a Tenant that cannot be worked on at all, such as one whose spec breaks the schema."""
    kept = {key: before[key] for key in ("endpoint", "namespace", "indices") if key in before}
    conditions = _stamped(_summary([outcome], ""), generation, before, now)
    return {**kept, "observedGeneration": generation, "conditions": conditions}


_Condition = tuple[str, str, str, str]


def _summary(outcomes: Sequence[Outcome], all_well: str) -> list[_Condition]:
    """Ready, Reconciling and Stalled."""
    worst = max(outcomes, key=lambda outcome: outcome.state.value)
    stalled = [outcome for outcome in outcomes if outcome.state is State.STALLED]
    moving = [outcome for outcome in outcomes if outcome.state in (State.WAITING, State.FAILED)]
    warnings = " ".join(dict.fromkeys(warning for outcome in outcomes for warning in outcome.warnings))
    if worst.state is State.READY:
        ready = ("Ready", "True", "Serving", _cut(f"{all_well} {warnings}".strip()))
    else:
        ready = ("Ready", "False", worst.reason, _cut(worst.message))
    return [
        ready,
        _abnormal("Reconciling", moving, "Settled"),
        _abnormal("Stalled", stalled, "NotStalled"),
    ]


def _abnormal(condition: str, outcomes: Sequence[Outcome], otherwise: str) -> _Condition:
    """A condition that is False while all is well."""
    if not outcomes:
        return (condition, "False", otherwise, "")
    messages = " ".join(dict.fromkeys(outcome.message for outcome in outcomes))
    return (condition, "True", outcomes[0].reason, _cut(messages))


def _of_backend(outcome: Outcome) -> _Condition:
    ready = "True" if outcome.state is State.READY else "False"
    text = " ".join(part for part in (outcome.message, *outcome.warnings) if part)
    return (outcome.condition, ready, outcome.reason, _cut(text))


def _stamped(
    conditions: Sequence[_Condition], generation: int, before: Mapping[str, Any], now: str
) -> list[dict[str, Any]]:
    """Conditions as Kubernetes writes them; the transition time moves only when the status does."""
    known = {condition["type"]: condition for condition in before.get("conditions", [])}
    return [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastTransitionTime": (
                known[kind]["lastTransitionTime"] if kind in known and known[kind]["status"] == status else now
            ),
            "observedGeneration": generation,
        }
        for kind, status, reason, message in conditions
    ]


def _cut(message: str) -> str:
    return message if len(message) <= _MESSAGE_MAX else f"{message[: _MESSAGE_MAX - 1]}…"
