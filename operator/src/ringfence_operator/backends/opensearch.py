"""OpenSearch as a backend: indices, and the role, user and role mapping of its security plugin.

The client presents the platform's admin certificate, which alone may make reserved users; TLS is always verified.
"""

from collections.abc import Mapping
from typing import Any

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import ConnectionError as Unreachable
from opensearchpy.exceptions import OpenSearchException, TransportError

from ringfence_api import names
from ringfence_operator.backends.errors import NeedsPerson, ReconcileError, TryLater
from ringfence_operator.backends.protocol import Action, Change, Observation
from ringfence_operator.desired.goal import Goal, Gone
from ringfence_operator.desired.opensearch import (
    INDEX,
    OWNER,
    ROLE,
    ROLE_MAPPING,
    USER,
    opensearch_resources,
)
from ringfence_operator.desired.resources import Desired, Resource

TIMEOUT_SECONDS = 10
"""Of one request. Creating an index on a busy cluster takes seconds."""

_SECURITY = "/_plugins/_security/api"
_PATHS = {ROLE: f"{_SECURITY}/roles", USER: f"{_SECURITY}/internalusers", ROLE_MAPPING: f"{_SECURITY}/rolesmapping"}
# A default of the security plugin: every user has an index of its own name. A tenant who may name users or indices
# can reach through it what exact index names were to fence off.
_OWN_INDEX = "own_index"


def opensearch_client(url: str, ca_file: str, certificate_file: str, key_file: str) -> AsyncOpenSearch:
    """A client that presents the admin certificate. The caller closes it."""
    return AsyncOpenSearch(
        hosts=[url],
        verify_certs=True,
        ca_certs=ca_file,
        client_cert=certificate_file,
        client_key=key_file,
        timeout=TIMEOUT_SECONDS,
        max_retries=0,  # reconciliation tries again, with a growing pause
    )


class OpenSearchBackend:
    """Implements `Backend`."""

    condition = "OpenSearchReady"

    def __init__(self, client: AsyncOpenSearch, url: str) -> None:
        self._client = client
        self._url = url

    def desired(self, goal: Goal) -> Desired:
        """Indices, role, user, mapping."""
        return opensearch_resources(goal)

    async def observe(self, goal: Goal) -> Observation:
        """All indices that are named like the tenant's, and its entries in the security plugin."""
        found = await self._indices(goal.name)
        role, user = names.opensearch_role(goal.name), names.opensearch_user(goal.name)
        for kind, name in ((ROLE, role), (USER, user), (ROLE_MAPPING, role)):
            body = await self._entry(kind, name)
            if body is not None:
                found.append(Resource(kind, name, body))
        # Not for a deletion: its conditions come and go, so the same warning would be an event at every pass.
        return Observation(found, warnings=[] if isinstance(goal, Gone) else await self._platform_warnings())

    async def apply(self, change: Change) -> None:
        """One request."""
        resource = change.resource
        if resource.kind != INDEX:
            await self._apply_entry(change)
        elif change.action is Action.CREATE:
            await self._send("PUT", f"/{resource.name}", dict(resource.body))
        elif change.action is Action.DELETE:
            await self._send("DELETE", f"/{resource.name}", absent_is_none=True)
        else:
            await self._update_index(resource, change.found or resource)

    async def _apply_entry(self, change: Change) -> None:
        path = f"{_PATHS[change.resource.kind]}/{change.resource.name}"
        if change.action is Action.DELETE:
            await self._send("DELETE", path, absent_is_none=True)
        else:
            await self._send("PUT", path, {**change.resource.body, **change.resource.write_only})

    async def _update_index(self, wanted: Resource, found: Resource) -> None:
        """Settings first; the next look finds what the mapping still lacks."""
        if changed := _changed(found.body["settings"], wanted.body["settings"]):
            await self._send("PUT", f"/{wanted.name}/_settings", changed)
        else:
            await self._send("PUT", f"/{wanted.name}/_mapping", dict(wanted.body["mappings"]))

    async def _indices(self, tenant: str) -> list[Resource]:
        # `_` never occurs in a tenant's name or a document type, so the pattern matches this tenant's indices only.
        pattern = names.index(tenant, "*")
        answer = await self._send("GET", f"/{pattern}", params={"expand_wildcards": "all"}) or {}
        found = []
        for name, body in sorted(answer.items()):
            if body.get("mappings", {}).get("_meta", {}).get(OWNER) != tenant:
                raise NeedsPerson(
                    "NameConflict",
                    f"OpenSearch index {name} exists and was not made for this Tenant. "
                    "Remove or rename it, or give the Tenant another name.",
                )
            found.append(Resource(INDEX, name, {"settings": body["settings"], "mappings": body["mappings"]}))
        return found

    async def _entry(self, kind: str, name: str) -> dict[str, Any] | None:
        answer = await self._send("GET", f"{_PATHS[kind]}/{name}", absent_is_none=True)
        if answer is None:
            return None
        body: dict[str, Any] = answer[name]
        return body

    async def _platform_warnings(self) -> list[str]:
        mapping = await self._send("GET", f"{_PATHS[ROLE_MAPPING]}/{_OWN_INDEX}", absent_is_none=True)
        if mapping is None or not mapping.get(_OWN_INDEX, {}).get("users"):
            return []
        return [
            f"OpenSearch has the default role mapping `{_OWN_INDEX}`: a user who is named like an index can read it. "
            f"Delete it: DELETE {_PATHS[ROLE_MAPPING]}/{_OWN_INDEX}"
        ]

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, str] | None = None,
        absent_is_none: bool = False,
    ) -> dict[str, Any] | None:
        try:
            answer = await self._client.transport.perform_request(method, path, params=params, body=body)
        except OpenSearchException as error:
            if absent_is_none and isinstance(error, TransportError) and error.status_code == 404:
                return None
            # `from None`: the library's error carries the request, and so a password.
            raise self._translated(error, method, path) from None
        return answer if isinstance(answer, dict) else {}

    def _translated(self, error: OpenSearchException, method: str, path: str) -> ReconcileError:
        what = f"OpenSearch at {self._url}"
        if not isinstance(error, TransportError) or isinstance(error, Unreachable):
            return TryLater("OpenSearchUnavailable", f"{what} does not answer ({_cause(error)}). It is tried again.")
        said = f"{what} refused {method} {path} with {error.status_code}: {error.error}"
        if error.status_code in (401, 403):
            return NeedsPerson("OpenSearchForbidden", f"{said}. Check the operator's admin certificate.")
        if error.status_code == 400:
            return NeedsPerson("OpenSearchRefused", said)
        return TryLater("OpenSearchUnavailable", f"{said}. It is tried again.")


def _cause(error: OpenSearchException) -> str:
    """Name of what went wrong on the wire: a certificate error reads other than a closed port."""
    original = error.args[2] if len(error.args) > 2 else error
    return type(original).__name__


def _changed(have: Mapping[str, Any], want: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `want` that `have` lacks: settings that cannot change on an open index are not even sent."""
    changed: dict[str, Any] = {}
    for key, value in want.items():
        if isinstance(value, Mapping):
            if inner := _changed(have.get(key) or {}, value):
                changed[key] = inner
        elif have.get(key) != value:
            changed[key] = value
    return changed
