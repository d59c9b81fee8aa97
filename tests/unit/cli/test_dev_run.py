"""A whole run against stand-ins of the programs: the same processes, ports, files and signals, no models."""

import asyncio
import io
import os
import re
import signal
from pathlib import Path

import pytest
from rich.console import Console

from ringfence_operator.cli.console import THEME
from ringfence_operator.cli.dev.folder import DataFolder
from ringfence_operator.cli.dev.pages import Page, Question
from ringfence_operator.cli.dev.plan import Plan
from ringfence_operator.cli.dev.ports import any_free_port
from ringfence_operator.cli.dev.programs import NotInstalled, Programs
from ringfence_operator.cli.dev.run import serve
from ringfence_operator.cli.dev.screen import Screen
from tests.unit.cli.samples import tenant

PAGE = Page("leave", "handbook", "text/markdown", "Everybody gets 27 days.")
QUESTION = Question(question="How many days?", document="leave", docType="handbook", fact="27 days")


def plan(folder: Path, *names: str, once: bool = True) -> Plan:
    return Plan(
        tenants=[tenant(name) for name in names],
        folder=DataFolder(folder / "data"),
        pages={name: [PAGE] for name in names},
        questions={name: [QUESTION] for name in names},
        first_port=any_free_port(),
        once=once,
        models=folder / "models",
        programs=Programs(package="tests.unit.cli.fakeplane"),
    )


class Output:
    """A screen that is no terminal, and what was printed on it."""

    def __init__(self) -> None:
        self._file = io.StringIO()
        self.screen = Screen(Console(file=self._file, theme=THEME, highlight=False, width=80))

    @property
    def text(self) -> str:
        return self._file.getvalue()


async def test_the_tour_shows_answers_a_refusal_and_lines_to_go_on_with(tmp_path: Path) -> None:
    out = Output()

    status = await serve(plan(tmp_path, "acme", "globex"), out.screen)

    assert status == 0, out.text
    for shown in (
        "Everybody gets 27 days. [1]",
        "[1] leave  handbook/leave  0.90",
        "$0.000040",
        "✓ fence              403 Forbidden\n",
        "the token belongs to another tenant",
        "acme: API page at http://127.0.0.1:",
    ):
        assert shown in out.text, out.text
    curl = next(line for line in out.text.splitlines() if line.startswith("curl") and "X-Tenant-ID: globex" in line)
    assert '"Authorization: Bearer $GLOBEX_TOKEN"' in curl
    assert re.search(r"^GLOBEX_TOKEN=eyJ[\w-]+\.[\w-]+\.[\w-]+$", out.text, re.MULTILINE)
    assert "\x1b" not in out.text
    assert (tmp_path / "models" / "all-MiniLM-L6-v2" / "model.onnx").exists()


async def test_a_model_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "models" / "all-MiniLM-L6-v2").mkdir(parents=True)
    (tmp_path / "models" / "all-MiniLM-L6-v2" / "model.onnx").touch()
    out = Output()

    assert await serve(plan(tmp_path, "acme"), out.screen) == 0
    assert "converted" not in out.text


async def test_an_answer_without_text_fails_the_tour(tmp_path: Path) -> None:
    out = Output()

    assert await serve(plan(tmp_path, "acme", "forgetful"), out.screen) == 1
    assert "✗ forgetful" in out.text
    assert "there is no text" in out.text


async def test_an_open_fence_fails_the_tour(tmp_path: Path) -> None:
    out = Output()

    assert await serve(plan(tmp_path, "open", "acme"), out.screen) == 1
    assert "a foreign token was let in" in out.text


async def test_a_data_plane_that_cannot_start_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    out = Output()

    assert await serve(plan(tmp_path, "acme", "crash"), out.screen) == 1
    assert "crash ended with status 1" in out.text
    assert "binding: this tenant cannot be served" in out.text
    assert str(tmp_path / "data" / "logs" / "crash.log") in out.text


async def test_a_signal_ends_the_long_wait_and_all_children(tmp_path: Path) -> None:
    out = Output()
    run = asyncio.create_task(serve(plan(tmp_path, "acme", once=False), out.screen))
    async with asyncio.timeout(20):
        while "Serving until Ctrl-C" not in out.text:
            await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)

    assert await asyncio.wait_for(run, 20) == 0
    assert "All servers ended." in out.text


def test_missing_programs_are_named_with_the_command_that_installs_them() -> None:
    with pytest.raises(NotInstalled, match=r"no_such_package.*make venv"):
        Programs(package="no_such_package").check_installed()
    Programs().check_installed()
