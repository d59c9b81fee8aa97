"""OpenSearch requests with deadlines, breaker and honest errors."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import ConflictError, NotFoundError, OpenSearchException, TransportError

from ringfence_api.binding import OPENSEARCH_CA, OPENSEARCH_PASSWORD, OpenSearchBinding
from ringfence_dataplane.credentials import Credentials
from ringfence_dataplane.ports import Unavailable
from ringfence_dataplane.resilience.breaker import Breaker, Listener, for_opensearch, ignore
from ringfence_dataplane.resilience.retry import REAL, Clock, Retry, by_status, retry

SERVICE = "opensearch"
READ_SECONDS = 1.8
"""Less than the 2 s that a search and a readiness probe wait: a call that they cancel says nothing to the breaker, so
an OpenSearch that hangs has to fail by itself."""
WRITE_SECONDS = 30.0
"""Of one whole write, retries and the wait for a refresh included."""
WRITE_ATTEMPTS = 3
BULK_OPERATIONS = 200
"""Operations in one `_bulk` request: about 1 MB with vectors of 384 numbers."""

Json = dict[str, Any]
T = TypeVar("T")


class Conflict(Exception):
    """The record was changed by somebody else since it was read."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One line pair of a `_bulk` request; without a source it deletes."""

    id: str
    source: Mapping[str, Any] | None = None

    def lines(self) -> list[Mapping[str, Any]]:
        """What is sent."""
        if self.source is None:
            return [{"delete": {"_id": self.id}}]
        return [{"index": {"_id": self.id}}, self.source]


class _SomeItemsBusy(Exception):
    """Some operations of a `_bulk` request were turned away for now."""


class Client:
    """Every method raises `Unavailable` where OpenSearch did not do what it was asked."""

    def __init__(
        self, client: AsyncOpenSearch, breaker: Breaker, clock: Clock = REAL, read_seconds: float = READ_SECONDS
    ) -> None:
        self._client = client
        self._breaker = breaker
        self._clock = clock
        self._read_seconds = read_seconds

    @classmethod
    def from_binding(
        cls,
        binding: OpenSearchBinding,
        credentials: Credentials,
        on_event: Listener = ignore,
        read_seconds: float = READ_SECONDS,
    ) -> Self:
        """Client with the tenant's user; connects at the first call.

        Raises:
            ringfence_dataplane.credentials.MissingCredential: no password or CA certificate.
        """
        if not binding.url.startswith("https://"):
            raise ValueError(
                "OpenSearch's url must start with https:// : passwords and documents never travel in clear"
            )
        client = AsyncOpenSearch(
            hosts=[binding.url],
            http_auth=(binding.username, credentials.text(OPENSEARCH_PASSWORD)),
            verify_certs=True,
            ca_certs=str(credentials.path(OPENSEARCH_CA)),
            max_retries=0,  # retries are ours: they know the deadline
            timeout=WRITE_SECONDS,
        )
        return cls(client, for_opensearch(on_event, counts=_is_down), REAL, read_seconds)

    async def search(self, indices: Sequence[str], body: Json, *, patient: bool = False) -> list[Json]:
        """Hits of a search; an answer from only a part of the shards is none.

        `patient`: nobody waits for the answer, so it may take as long as a write.
        """
        seconds = WRITE_SECONDS if patient else self._read_seconds
        # With several indices, a word's rarity is measured over all of them.
        kind = "dfs_query_then_fetch" if len(indices) > 1 else "query_then_fetch"
        body = {"track_total_hits": False, "timeout": f"{int(seconds * 1000)}ms", **body}
        answer = await self._read(
            lambda: self._client.search(
                index=",".join(indices),
                body=body,
                params={"search_type": kind, "allow_partial_search_results": "false"},
            ),
            seconds,
        )
        if answer["timed_out"]:
            raise Unavailable(SERVICE, "a search took too long")
        hits: list[Json] = answer["hits"]["hits"]
        return hits

    async def count(self, indices: Sequence[str], query: Json) -> int:
        """Number of records that match."""
        answer = await self._read(lambda: self._client.count(index=",".join(indices), body={"query": query}))
        return int(answer["count"])

    async def fetch(self, indices: Sequence[str], record_id: str, *, to_write: bool = False) -> list[Json]:
        """Records of this id in any of the indices, as they are now (not as of the last refresh).

        As the beginning of a write it has a write's patience.
        """
        request = self._write if to_write else self._read
        wanted = [{"_index": index, "_id": record_id} for index in indices]
        answer = await request(lambda: self._client.mget(body={"docs": wanted}))
        for item in answer["docs"]:  # 200 with errors inside
            if "error" in item:
                raise Unavailable(SERVICE, f"it refused to fetch: {item['error']['type']}")
        return [item for item in answer["docs"] if item["found"]]

    async def index(self, index: str, record_id: str, source: Json, condition: Json, *, wait: bool = False) -> Json:
        """Write one record under a condition (`if_seq_no` and `if_primary_term`, or `op_type`).

        Raises:
            Conflict: the condition does not hold.
        """
        params = {**condition, "refresh": _refresh(wait)}
        answer = await self._write(lambda: self._client.index(index=index, id=record_id, body=source, params=params))
        return {"if_seq_no": answer["_seq_no"], "if_primary_term": answer["_primary_term"]}

    async def delete(self, index: str, record_id: str, condition: Json) -> None:
        """Delete one record under a condition and wait until searches know.

        Raises:
            Conflict: the condition does not hold.
        """
        params = {**condition, "refresh": _refresh(True)}
        await self._write(lambda: self._client.delete(index=index, id=record_id, params=params))

    async def bulk(self, index: str, operations: Sequence[Operation]) -> None:
        """Do all operations, in order within `BULK_OPERATIONS`; those turned away are repeated by id."""
        for start in range(0, len(operations), BULK_OPERATIONS):
            await self._bulk(index, list(operations[start : start + BULK_OPERATIONS]))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _bulk(self, index: str, operations: list[Operation]) -> None:
        left = operations

        async def attempt() -> None:
            nonlocal left
            lines = [line for operation in left for line in operation.lines()]
            answer = await self._once(lambda: self._client.bulk(index=index, body=lines), WRITE_SECONDS)
            left = _turned_away(left, answer["items"])
            if left:
                raise _SomeItemsBusy

        await self._retried(attempt)

    async def _read(self, request: Callable[[], Awaitable[Any]], seconds: float = 0) -> Any:
        try:
            return await self._once(request, seconds or self._read_seconds)
        except (OpenSearchException, OSError, TimeoutError) as error:
            raise _unavailable(error) from None

    async def _write(self, request: Callable[[], Awaitable[Any]]) -> Any:
        return await self._retried(lambda: self._once(request, WRITE_SECONDS))

    async def _retried(self, attempt: Callable[[], Awaitable[T]]) -> T:
        deadline = self._clock.now() + WRITE_SECONDS
        try:
            return await retry(attempt, _classify, deadline, self._clock, attempts=WRITE_ATTEMPTS)
        except (ConflictError, NotFoundError) as error:
            if error.error == "index_not_found_exception":
                raise _unavailable(error) from None
            raise Conflict from error
        except (OpenSearchException, OSError, TimeoutError, _SomeItemsBusy) as error:
            raise _unavailable(error) from None

    async def _once(self, request: Callable[[], Awaitable[T]], seconds: float) -> T:
        async with self._breaker.guard(), asyncio.timeout(seconds):
            return await request()


def _turned_away(operations: list[Operation], items: list[Json]) -> list[Operation]:
    """Operations worth repeating; raises where one was refused for good."""
    busy = []
    for operation, item in zip(operations, items, strict=True):
        (result,) = item.values()
        status = result["status"]
        if status < 300 or (status == 404 and operation.source is None):
            continue
        if by_status(status) is None:
            raise Unavailable(SERVICE, f"it refused a record: {result['error']['type']} ({status})")
        busy.append(operation)
    return busy


def _refresh(wait: bool) -> str:
    return "wait_for" if wait else "false"


def _status(error: Exception) -> int | None:
    status = error.status_code if isinstance(error, TransportError) else None
    return status if isinstance(status, int) else None


def _is_down(error: Exception) -> bool:
    status = _status(error)
    return status is None or status >= 500


def _classify(error: Exception) -> Retry | None:
    if isinstance(error, Unavailable | TimeoutError):
        return None
    status = _status(error)
    return Retry() if status is None else by_status(status)


def _unavailable(error: Exception) -> Unavailable:
    # The kind of error only: an OpenSearch error may quote the document.
    status = _status(error)
    if status in (401, 403):
        return Unavailable(SERVICE, f"it refuses this tenant's user ({status})")
    if isinstance(error, TransportError) and status is not None:
        return Unavailable(SERVICE, f"{error.error} ({status})")
    if isinstance(error, _SomeItemsBusy):
        return Unavailable(SERVICE, "it is too busy to take all records (429)")
    return Unavailable(
        SERVICE, "no answer before the deadline" if isinstance(error, TimeoutError) else type(error).__name__
    )
