"""Child processes end with their parent, whatever becomes of it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ringfence_operator.cli.dev.children import Child, ChildDied, Children

SLEEP = ["sleep", "600"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(600)",
]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def test_all_children_are_gone_after_the_end(tmp_path: Path) -> None:
    async with Children() as children:
        started = [await children.start(f"sleep-{n}", SLEEP, tmp_path / f"{n}.log") for n in range(3)]

    assert [child.process.returncode for child in started] == [-signal.SIGTERM] * 3


async def test_a_child_that_will_not_go_is_made_to(tmp_path: Path) -> None:
    async with Children(stop_seconds=0.3) as children:
        child = await children.start("stubborn", STUBBORN, tmp_path / "log")
        await until_said(child, "up")

    assert child.process.returncode == -signal.SIGKILL


async def test_a_child_that_ends_is_reported_with_its_last_words(tmp_path: Path) -> None:
    code = "print('\\n'.join(f'line {n}' for n in range(50))); raise SystemExit(7)"
    async with Children() as children:
        await children.start("sleep", SLEEP, tmp_path / "a.log")
        await children.start("model", [sys.executable, "-c", code], tmp_path / "b.log")

        with pytest.raises(ChildDied) as error:
            await asyncio.wait_for(children.watch(), 10)

    said = str(error.value)
    assert said.startswith("model ended with status 7.")
    assert "line 49" in said
    assert "line 30" not in said
    assert str(tmp_path / "b.log") in said


async def test_work_that_fails_because_a_child_died_names_the_child(tmp_path: Path) -> None:
    async def work() -> None:
        await asyncio.sleep(0.05)
        raise ValueError("connection refused")

    async with Children() as children:
        await children.start("plane", [sys.executable, "-c", "import time; time.sleep(.2)"], tmp_path / "log")

        with pytest.raises(ChildDied, match="plane ended with status 0"):
            await children.while_alive(work())


async def test_work_that_fails_by_itself_keeps_its_error(tmp_path: Path) -> None:
    async def work() -> None:
        raise ValueError("no such page")

    async with Children() as children:
        await children.start("sleep", SLEEP, tmp_path / "log")

        with pytest.raises(ValueError, match="no such page"):
            await children.while_alive(work())


async def test_a_program_that_runs_to_its_end_has_a_deadline_and_a_status(tmp_path: Path) -> None:
    async with Children() as children:
        await children.run("good", ["true"], tmp_path / "good.log", 5)
        with pytest.raises(ChildDied, match="bad ended with status 1"):
            await children.run("bad", ["false"], tmp_path / "bad.log", 5)
        with pytest.raises(ChildDied, match="slow took longer than 0 s"):
            await children.run("slow", SLEEP, tmp_path / "slow.log", 0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children of a killed parent")
def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = f"""
import asyncio
from pathlib import Path
from ringfence_operator.cli.dev.children import Children

async def main():
    async with Children() as children:
        child = await children.start("sleep", {SLEEP!r}, Path({str(tmp_path / "log")!r}))
        print(child.process.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    with parent.stdout:
        child = int(parent.stdout.readline())
    assert is_running(child)

    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(10)

    deadline = time.monotonic() + 5
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(child)


async def until_said(child: Child, word: str) -> None:
    async with asyncio.timeout(10):
        while word not in child.log.read_text():
            await asyncio.sleep(0.02)
