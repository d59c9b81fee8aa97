"""Bring one backend to what it should hold, and say how it stands."""

import structlog

from ringfence_operator.backends.errors import NeedsPerson, TryLater
from ringfence_operator.backends.protocol import Backend, Change
from ringfence_operator.desired.goal import Goal
from ringfence_operator.reconcile.plan import plan
from ringfence_operator.reconcile.results import Outcome, State

_ROUNDS = 4
"""Looks at a backend in one pass. A second look shows that what was written is there; some steps need a third."""

log = structlog.get_logger()


async def settle(backend: Backend, goal: Goal) -> Outcome:
    """Look, plan and apply until nothing differs. Errors of the backend become the outcome; bugs pass through."""
    done: list[Change] = []
    try:
        for _ in range(_ROUNDS):
            seen = await backend.observe(goal)
            changes = plan(seen.resources, backend.desired(goal))
            if not changes and seen.waiting:
                return Outcome(
                    backend.condition, State.WAITING, seen.waiting.reason, seen.waiting.message, done, seen.warnings
                )
            if not changes:
                return Outcome(backend.condition, State.READY, "AsDesired", "", done, seen.warnings)
            for change in changes:
                await backend.apply(change)
                done.append(change)
                log.info("applied", tenant=goal.name, backend=backend.condition, change=str(change))
    except TryLater as error:
        return Outcome(
            backend.condition, State.FAILED, error.reason, error.message, done, after_seconds=error.after_seconds
        )
    except NeedsPerson as error:
        return Outcome(backend.condition, State.STALLED, error.reason, error.message, done)
    moving = ", ".join(sorted({change.resource.key for change in changes}))
    return Outcome(
        backend.condition,
        State.WAITING,
        "Settling",
        f"What was written is not what is there, of {moving}. If this stays, somebody else writes it too.",
        done,
    )
