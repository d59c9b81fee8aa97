"""`--port P`: is healthy."""

import sys

from tests.unit.cli.fakeplane.server import serve

serve(int(sys.argv[sys.argv.index("--port") + 1]), lambda path, headers, body: (200, {}))
