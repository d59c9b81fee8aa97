"""`python -m tests.servers`: fetch what the integration tests run on, and say what there is."""

from __future__ import annotations

import subprocess
import sys

from e2e.cluster.errors import HarnessError
from tests.servers.distribution import opensearch_distribution
from tests.servers.redis_server import redis_program


def main() -> int:
    try:
        distribution = opensearch_distribution()
        shown = subprocess.run([redis_program(), "--version"], capture_output=True, text=True, timeout=30, check=True)
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"OpenSearch: {distribution.name}")
    print(f"Redis: {shown.stdout.strip()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
