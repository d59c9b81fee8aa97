"""Kopf's part: it watches Tenants and says which one to look at. The work itself is the controller's.

Only plain event handlers are used, so kopf stores nothing in the objects: no progress, no copy of the spec, no
finalizer of its own.
"""

from collections.abc import Callable
from time import monotonic
from typing import Any

import kopf

from ringfence_api.labels import GROUP, PLURAL, VERSION

STALLED_AFTER_SECONDS = 30.0
"""The controller beats every second; this long a silence means that it, or the event loop, hangs."""

Seen = tuple[str, int, bool]


class Watch:
    """Passes a Tenant on when its spec or its deletion is news; the operator's own status writes are not."""

    def __init__(self, add: Callable[[str], None]) -> None:
        self._add = add
        self._seen: dict[str, Seen] = {}

    def changed(self, event: str | None, metadata: Any) -> None:
        """Take in one event of the watch, or (`event` None) one object of the list that it starts with."""
        name = metadata["name"]
        now = (metadata.get("uid", ""), metadata.get("generation", 0), "deletionTimestamp" in metadata)
        if event == "DELETED":
            self._seen.pop(name, None)
        elif self._seen.get(name) == now:
            return
        else:
            self._seen[name] = now
        self._add(name)


def registry(watch: Watch, heartbeat: Callable[[], float]) -> kopf.OperatorRegistry:
    """Kopf's handlers. `heartbeat` is the time (monotonic) at which the controller last came round."""
    # Handlers are coroutines, since kopf runs others in threads and the queue belongs to the event loop.
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(registry=handlers)
    def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=handlers)
    async def tenant_changed(type: str | None, meta: kopf.Meta, **_: Any) -> None:
        watch.changed(type, meta)

    @kopf.on.probe(registry=handlers, id="seconds_since_heartbeat")
    async def alive(**_: Any) -> float:
        silence = monotonic() - heartbeat()
        if silence > STALLED_AFTER_SECONDS:
            raise kopf.PermanentError(f"the controller has not come round for {silence:.0f} s")
        return round(silence, 1)

    return handlers


def kopf_settings() -> kopf.OperatorSettings:
    """Settings that fit an operator which only listens."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False  # events are posted by the controller, worded for people
    settings.peering.standalone = True  # kopf's peers of equal priority freeze each other
    settings.scanning.disabled = True  # no watching of all namespaces and definitions
    settings.persistence.finalizer = f"{GROUP}/unused"  # never set: there are no handlers that need one
    # Cold start handles worker_limit objects in each idle_timeout, since an idle worker keeps its slot.
    settings.queueing.worker_limit = 500
    settings.queueing.idle_timeout = 1.0
    settings.watching.chunk_size = 500  # objects per request of the first list
    settings.watching.connect_timeout = 10.0
    # Seconds; a watch that ends by itself cannot stay half-open for ever. The API server takes whole ones only.
    settings.watching.server_timeout = 600
    settings.networking.request_timeout = 30.0
    return settings
