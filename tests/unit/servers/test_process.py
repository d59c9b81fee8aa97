import sys
from functools import partial
from pathlib import Path

import pytest

from tests.servers.process import ServerFailed, ServerProcess


def python(code: str, folder: Path) -> ServerProcess:
    return ServerProcess("server", [sys.executable, "-c", code], folder=folder)


def test_a_server_that_ends_early_says_what_it_logged(tmp_path: Path) -> None:
    server = python("print('the port is taken'); raise SystemExit(3)", tmp_path)

    with pytest.raises(ServerFailed, match=r"ended with status 3\n.*the port is taken"):
        server.start(lambda: False, 30)


def test_a_server_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    server = python(
        "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(60)", tmp_path
    )
    pid = tmp_path / "pid"

    with pytest.raises(ServerFailed, match="not ready within"):
        server.start(lambda: False, 1)

    assert not Path(f"/proc/{pid.read_text()}").exists()


def test_a_server_starts_again_after_a_stop(tmp_path: Path) -> None:
    server = python("import time\nprint('up', flush=True)\ntime.sleep(60)", tmp_path)

    def logged(times: int) -> bool:
        return server.tail().count("up") == times

    for starts in (1, 2):
        server.start(partial(logged, starts), 30)
        server.stop()
        server.stop()
