"""Reconcile one Tenant: the same function for create, update, resume, drift and delete.

It looks at the world as it is now, never at what happened, so it may be called at any time and as often as wanted;
where nothing differs it writes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from ringfence_api import names
from ringfence_api.labels import APPLIED
from ringfence_api.tenant import InvalidTenant, Metadata, Tenant
from ringfence_operator.backends.credentials import CredentialStore
from ringfence_operator.backends.errors import NeedsPerson, ReconcileError, TryLater
from ringfence_operator.backends.ownership import Owner, Ownership
from ringfence_operator.backends.protocol import Backend, Change
from ringfence_operator.backends.tenants import TenantObjects
from ringfence_operator.desired.goal import Gone, Serve
from ringfence_operator.desired.platform import Platform
from ringfence_operator.reconcile.results import Outcome, Pass, State
from ringfence_operator.reconcile.settle import settle
from ringfence_operator.reconcile.status import leaving_status, refused_status, serving_status

log = structlog.get_logger()

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Reconciler:
    """What a pass needs. Backends are in the order in which a tenant is made."""

    tenants: TenantObjects
    ownership: Ownership
    credentials: CredentialStore
    platform: Platform
    foundation: Sequence[Backend]
    """Where the tenant's fence and credentials are: all others have to wait for these."""
    services: Sequence[Backend]
    """Independent of each other: with OpenSearch away, Redis is still looked after."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def __call__(self, name: str) -> Pass:
        """One pass over the Tenant of that name. Raises `TryLater` when its object cannot be read or written."""
        body = await self.tenants.get(name)
        if body is None:
            return Pass(None)
        if "deletionTimestamp" in body["metadata"]:
            return await self._remove(body)
        await self.tenants.protect(body)
        try:
            tenant = Tenant.parse(body)
        except InvalidTenant as error:
            return await self._refuse(body, NeedsPerson("InvalidSpec", str(error)))
        try:
            goal = await self._goal(tenant)
        except ReconcileError as error:
            return await self._refuse(body, error)
        return await self._serve(body, goal)

    async def _goal(self, tenant: Tenant) -> Serve:
        if await self.ownership.of_namespace(tenant.metadata) is Owner.FOREIGN:
            raise NeedsPerson(
                "NameConflict",
                f"Namespace {names.namespace(tenant.name)} exists and was not made for this Tenant. "
                "Delete it if nobody needs it, or give the Tenant another name.",
            )
        return Serve(tenant, self.platform, await self.credentials.of(tenant))

    async def _serve(self, body: Body, goal: Serve) -> Pass:
        outcomes = [await settle(backend, goal) for backend in self.foundation]
        # A password has to be kept before it is given to anybody.
        if all(outcome.state is State.READY for outcome in outcomes):
            outcomes += [await settle(backend, goal) for backend in self.services]
        reached = {outcome.condition for outcome in outcomes}
        not_reached = list(dict.fromkeys(b.condition for b in self.services if b.condition not in reached))
        status = serving_status(goal.tenant, outcomes, not_reached, body.get("status", {}), self._now())
        repaired = await self._tell(body, outcomes)
        await self.tenants.write_status(body, status)
        worst = max(outcomes, key=lambda outcome: outcome.state.value)
        return Pass(worst.state, worst.reason, repaired, worst.after_seconds)

    async def _remove(self, body: Body) -> Pass:
        """The way back: traffic first, then users and data, the namespace last. Each step waits for the one before."""
        if not self.tenants.is_protected(body):
            return Pass(None)
        try:
            goal = await self._gone(body)
            for backend in reversed([*self.foundation, *self.services]):
                outcome = await settle(backend, goal)
                await self._warn(body, outcome)
                if outcome.state is not State.READY:
                    status = leaving_status(_generation(body), outcome, body.get("status", {}), self._now())
                    await self.tenants.write_status(body, status)
                    return Pass(outcome.state, outcome.reason, 0, outcome.after_seconds)
            await self._leave_note(goal)
        except ReconcileError as error:
            return await self._refuse(body, error)
        await self.tenants.release(body)
        log.info("removed", tenant=goal.name, retained=goal.retain)
        return Pass(None)

    async def _gone(self, body: Body) -> Gone:
        metadata = Metadata.model_validate(body["metadata"])
        owner = await self.ownership.of_namespace(metadata)
        # Only the very word deletes data: a spec that lost it, or never parsed, keeps it.
        retain = (body.get("spec") or {}).get("deletionPolicy") != "Delete"
        return Gone(metadata.name, retain, owns_namespace=owner is not Owner.FOREIGN)

    async def _leave_note(self, goal: Gone) -> None:
        if not goal.owns_namespace:
            return
        if goal.retain:
            await self.ownership.note_retained(goal.name)
        else:
            await self.ownership.forget(goal.name)

    async def _refuse(self, body: Body, error: ReconcileError) -> Pass:
        state = State.FAILED if isinstance(error, TryLater) else State.STALLED
        outcome = Outcome("Ready", state, error.reason, error.message)
        status = refused_status(_generation(body), outcome, body.get("status", {}), self._now())
        await self.tenants.write_status(body, status)
        return Pass(state, error.reason, 0, getattr(error, "after_seconds", None))

    async def _tell(self, body: Body, outcomes: Sequence[Outcome]) -> int:
        """Events for people: what was repaired, and what is wrong with the platform. Returns the repairs."""
        for outcome in outcomes:
            await self._warn(body, outcome)
        if not _was_ready(body):
            return 0
        repairs = [change for outcome in outcomes for change in outcome.changes if _undoes_a_change(change)]
        if repairs:
            what = ", ".join(str(change) for change in repairs)
            await self.tenants.event(body, "Warning", "Repaired", f"Put back what somebody had changed: {what}.")
        return len(repairs)

    async def _warn(self, body: Body, outcome: Outcome) -> None:
        """Each warning once: the conditions repeat it, the events need not."""
        told = " ".join(condition["message"] for condition in body.get("status", {}).get("conditions", []))
        for warning in outcome.warnings:
            if warning not in told:
                await self.tenants.event(body, "Warning", "Platform", warning)

    def _now(self) -> str:
        return self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")


def _generation(body: Body) -> int:
    return int(body["metadata"].get("generation", 0))


def _undoes_a_change(change: Change) -> bool:
    """Whether somebody else moved the resource, rather than this operator its wish (a new version, a new key)."""
    if change.found is None:
        return True
    annotations = [
        resource.body.get("metadata", {}).get("annotations", {}) for resource in (change.resource, change.found)
    ]
    return bool(annotations[0].get(APPLIED) == annotations[1].get(APPLIED))


def _was_ready(body: Body) -> bool:
    """Whether the last pass left this very generation Ready."""
    generation = _generation(body)
    return any(
        (condition["type"], condition["status"], condition["observedGeneration"]) == ("Ready", "True", generation)
        for condition in body.get("status", {}).get("conditions", [])
    )
