"""Real OpenSearch and Redis servers for tests: provisioned once per machine, run on loopback.

`python -m tests.servers` provisions both and says what it found. Tests use the fixtures of
`tests/integration/conftest.py`; `start_opensearch` and `start_redis` are for tests that stop or restart a server.
"""

from tests.servers.opensearch_server import OpenSearchServer, start_opensearch
from tests.servers.process import ServerFailed
from tests.servers.redis_server import RedisServer, start_redis

__all__ = ["OpenSearchServer", "RedisServer", "ServerFailed", "start_opensearch", "start_redis"]
