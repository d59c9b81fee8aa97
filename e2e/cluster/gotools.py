"""Build the Go programs of the test cluster into the cache, once for each version."""

from __future__ import annotations

import concurrent.futures
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from e2e.cluster import cilium_source
from e2e.cluster.commands import run
from e2e.cluster.errors import HarnessError
from e2e.cluster.locks import exclusive
from e2e.cluster.paths import cache_dir
from e2e.cluster.programs import LINES, MODULES, PROGRAMS, Program

_BUILD_SECONDS = 2400
_RECIPE = "recipe"
_SCRATCH = ".building-"

Say = Callable[[str], None]


def build_all(say: Say = print) -> None:
    """Build every program that the cache doesn't hold. An interrupted build goes on where it was."""
    if all(is_built(program) for program in PROGRAMS):
        return
    _check_go()
    folder = cache_dir() / "tools"
    with exclusive(folder / ".lock", what="builds", timeout=_BUILD_SECONDS):
        for scratch in folder.glob(f"{_SCRATCH}*"):
            shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
        _build_lines(say)


def _build_lines(say: Say) -> None:
    stop = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(LINES)) as pool:
        futures = [pool.submit(_build_line, line, say, stop) for line in LINES]
        try:
            for future in concurrent.futures.as_completed(futures):
                future.result()
        finally:
            stop.set()  # after a failure or Ctrl-C, the other line ends with the program it is at


def is_built(program: Program) -> bool:
    """Whether the cache holds `program`, built from the recipe that the repository holds now."""
    recipe = program.folder / _RECIPE
    return program.path.is_file() and recipe.is_file() and recipe.read_text() == program.recipe()


def _build_line(line: Sequence[Program], say: Say, stop: threading.Event) -> None:
    for program in line:
        if stop.is_set():
            return
        if is_built(program):
            continue
        say(f"  building {program.name} {program.version} …")
        started = time.monotonic()
        _build(program)
        size = program.path.stat().st_size / 1e6
        say(f"  built {program.name} {program.version} in {time.monotonic() - started:.0f} s ({size:.0f} MB)")


def _build(program: Program) -> None:
    program.folder.parent.mkdir(parents=True, exist_ok=True)
    # Written beside its place and renamed, so that the cache holds a whole program or none.
    with tempfile.TemporaryDirectory(dir=program.folder.parent, prefix=_SCRATCH) as scratch:
        fresh = Path(scratch) / "tool"
        fresh.mkdir()
        run(
            _command(program, fresh / program.name),
            timeout=_BUILD_SECONDS,
            directory=MODULES / program.module,
            environment=_GO,
        )
        (fresh / _RECIPE).write_text(program.recipe())
        if program.folder.exists():
            shutil.rmtree(program.folder)
        fresh.rename(program.folder)


_GO = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -trimpath -mod=readonly", "GOWORK": "off"}


def _command(program: Program, output: Path) -> list[str]:
    command = ["go", "build", "-ldflags", f"-s -w {program.stamp}".strip(), "-o", str(output)]
    if program.tags:
        command += ["-tags", program.tags]
    if program.module == "cilium":
        command += ["-modfile", str(cilium_source.patched_modfile())]
    return [*command, program.package]


def _check_go() -> None:
    wanted = max(_go_line(go_mod.read_text()) for go_mod in MODULES.glob("*/go.mod"))
    cure = f"install Go {'.'.join(map(str, wanted))} or later from https://go.dev/dl/ and put it on PATH"
    if shutil.which("go") is None:
        raise HarnessError(f"the test cluster is built with Go, which is missing: {cure}")
    version = run(["go", "env", "GOVERSION"], timeout=60).strip()
    found = parse_go_version(version)
    # With GOTOOLCHAIN=auto, Go's default, an older go command fetches the toolchain that go.mod asks for.
    local = run(["go", "env", "GOTOOLCHAIN"], timeout=60).strip() == "local"
    if local and found is not None and found < wanted:
        raise HarnessError(f"the test cluster needs a newer Go than {version}: {cure}")


def parse_go_version(text: str) -> tuple[int, ...] | None:
    """`(1, 26, 4)` for `go1.26.4`; None for a development version."""
    found = re.match(r"go(\d+(?:\.\d+)*)", text)
    return tuple(int(part) for part in found.group(1).split(".")) if found else None


def _go_line(go_mod: str) -> tuple[int, ...]:
    found = re.search(r"^go (\S+)$", go_mod, re.MULTILINE)
    version = parse_go_version(f"go{found.group(1)}") if found else None
    if version is None:
        raise HarnessError("a go.mod of the test cluster names no Go version")
    return version
