"""Real servers for integration tests, started once per run and only when a test asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from e2e.cluster.errors import HarnessError
from tests.servers import OpenSearchServer, RedisServer, ServerFailed, start_opensearch, start_redis

HERE = Path(__file__).parent
# The first test that asks for a server waits for it, on a new machine while it is fetched, too.
TEST_SECONDS = 900
Server = TypeVar("Server")
RAN_ON = pytest.StashKey[list[str]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if servers := config.stash.get(RAN_ON, []):
        terminalreporter.write_line(f"integration tests ran on: {', '.join(servers)}")


@pytest.fixture(scope="session")
def opensearch(pytestconfig: pytest.Config) -> Iterator[OpenSearchServer]:
    """OpenSearch with its security plugin; the admin certificate is the only way in."""
    server = _started(start_opensearch)
    _note(pytestconfig, f"OpenSearch {server.version} (security plugin {server.security_version})")
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config) -> Iterator[RedisServer]:
    """Redis with TLS and an admin user. A test that restarts it loses everybody's users and keys."""
    server = _started(start_redis)
    _note(pytestconfig, f"Redis {server.version}")
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_replica(redis_server: RedisServer) -> Iterator[RedisServer]:
    """A second node that replicates the keys of `redis_server`, but not its users."""
    server = _started(lambda: start_redis(replica_of=redis_server))
    yield server
    server.close()


def _started(start: Callable[[], Server]) -> Server:
    try:
        return start()
    except (HarnessError, ServerFailed) as error:
        pytest.fail(str(error), pytrace=False)


def _note(config: pytest.Config, what: str) -> None:
    config.stash.setdefault(RAN_ON, []).append(what)
