"""What the OpenSearch backend asks of the server, and when."""

from __future__ import annotations

from typing import Any

import pytest
from opensearchpy import AsyncConnection, AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError

from ringfence_operator.backends.opensearch import OpenSearchBackend
from ringfence_operator.desired.goal import Goal, Gone
from tests.unit.operator.samples import serve


class Unsafe(AsyncConnection):
    """An empty OpenSearch that still has the default role mapping `own_index`."""

    async def perform_request(self, method: str, url: str, *_: Any, **__: Any) -> tuple[int, dict[str, str], str]:
        if url.endswith("/rolesmapping/own_index"):
            return 200, {"content-type": "application/json"}, '{"own_index": {"users": ["*"]}}'
        if "/_security/" in url:
            raise NotFoundError(404, "not found", {})
        return 200, {"content-type": "application/json"}, "{}"

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(("goal", "warnings"), [(serve(), 1), (Gone("acme", retain=False), 0)], ids=["serve", "gone"])
async def test_a_deletion_does_not_repeat_what_is_wrong_with_the_platform(goal: Goal, warnings: int) -> None:
    client = AsyncOpenSearch(hosts=["https://opensearch.test:9200"], connection_class=Unsafe)

    seen = await OpenSearchBackend(client, "https://opensearch.test:9200").observe(goal)

    assert len(seen.warnings) == warnings
