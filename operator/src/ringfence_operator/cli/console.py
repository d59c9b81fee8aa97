"""Where the command writes: results to stdout, everything said to a person about trouble to stderr.

rich leaves colour out when the output is no terminal or NO_COLOR is set.
"""

from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.theme import Theme

OK = 0
FAILED = 1
BAD_INPUT = 2
"""Exit statuses; 2 is also what typer uses for a wrong command line."""

THEME = Theme({"ok": "green", "bad": "bold red", "name": "bold cyan", "quiet": "dim", "key": "bold"})


def stdout() -> Console:
    """Console for results. `highlight` is off: numbers in answers are not more important than words."""
    return Console(theme=THEME, highlight=False)


def stderr() -> Console:
    """Console for errors."""
    return Console(theme=THEME, highlight=False, stderr=True)


def stop(message: str, status: int = FAILED) -> NoReturn:
    """Say what is wrong and what to do, and end the command."""
    stderr().print(f"[bad]error:[/bad] {escape(message)}", soft_wrap=True)
    raise typer.Exit(status)
