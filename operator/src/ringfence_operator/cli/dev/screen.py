"""What `ringfence dev` prints. Calm: a line per step, and the reason wherever a step failed."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from textwrap import wrap

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from ringfence_operator.cli.dev.client import Refusal
from ringfence_operator.cli.dev.tour import Asked, Stop

LABEL_WIDTH = 18
MAX_WIDTH = 100
"""Of running text; longer lines are hard to read."""
SHOWN_SOURCES = 3


class Screen:
    """Prints to one console. `failed` tells whether any step did, `toured` whether the tour came to its end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._answered = False
        self.failed = False
        self.toured = False

    def title(self, tenants: int) -> None:
        """First line."""
        served = "1 tenant" if tenants == 1 else f"{tenants} tenants"
        self._console.print(f"[key]Ringfence[/key]: {served} on this machine, without a cluster\n")

    @contextmanager
    def waiting(self, for_what: str) -> Iterator[None]:
        """Show that something is going on, on a terminal."""
        with self._console.status(f"[quiet]{escape(for_what)}[/quiet]"):
            yield

    def step(self, label: str, what: str, seconds: float) -> None:
        """A step that went well."""
        self._line("[ok]✓[/ok]", label, f"{escape(what)}  [quiet]{seconds:.1f} s[/quiet]")

    def note(self, label: str, what: str) -> None:
        """Something worth knowing."""
        self._line("[quiet]·[/quiet]", label, f"[quiet]{escape(what)}[/quiet]")

    def fault(self, label: str, what: str) -> None:
        """A step that failed."""
        self.failed = True
        self._line("[bad]✗[/bad]", label, escape(what))

    @contextmanager
    def ingesting(self, stops: Sequence[Stop]) -> Iterator[dict[str, Callable[[], None]]]:
        """A progress bar for each tenant; gives, by tenant, the function to call after each page."""
        progress = Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("[quiet]pages[/quiet]"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        with progress:
            tasks = {
                stop.tenant: progress.add_task(
                    stop.tenant.ljust(LABEL_WIDTH), total=len(stop.pages), visible=bool(stop.pages)
                )
                for stop in stops
            }
            yield {tenant: partial(progress.advance, task) for tenant, task in tasks.items()}

    def answer(self, asked: Asked, since_start: float) -> None:
        """A question, its answer and what the answer rests on; with the first one, how long it took to get there."""
        answer = asked.answer
        self._console.print(f"\n[name]{asked.tenant}[/name] is asked: {escape(asked.question)}\n")
        for line in wrap(answer.text.strip() or "(no text)", min(self._console.width, MAX_WIDTH) - 4):
            self._console.print(Text(f"  {line}", style="key"))
        self._console.print()
        shown = answer.sources[:SHOWN_SOURCES]
        places = [f"{source.doc_type}/{source.document_id}" for source in shown]
        widths = [max((len(text) for text in column), default=0) for column in ([s.title for s in shown], places)]
        for source, place in zip(shown, places, strict=True):
            line = f"  [{source.citation}] {source.title:<{widths[0]}}  {place:<{widths[1]}}  {source.score:.2f}"
            self._console.print(escape(line), soft_wrap=True)
        self._console.print()
        self._console.print(
            f"  [quiet]{answer.seconds:.1f} s · ${answer.cost_dollars:.6f} · query {answer.query_id}[/quiet]",
            soft_wrap=True,
        )
        if not self._answered:
            self._answered = True
            self._console.print(f"  [quiet]The first answer came {since_start:.1f} s after the start.[/quiet]")
        if asked.fault:
            self.fault(asked.tenant, asked.fault)

    def refusal(self, intruder: Stop, victim: Stop, refusal: Refusal, fault: str) -> None:
        """The attempt to cross from one tenant to another."""
        self._console.print(
            f"\nA token of [name]{intruder.tenant}[/name] at the endpoint of [name]{victim.tenant}[/name]:\n"
        )
        text = escape(f"{refusal.status} {refusal.title}")
        if fault:
            self.fault("fence", f"{fault}: {text}")
        else:
            self._line("[ok]✓[/ok]", "fence", text)
        self._line(" ", "", f"[quiet]{escape(refusal.detail)}[/quiet]")

    def next_steps(self, stops: Sequence[Stop], once: bool) -> None:
        """Endpoints, tokens and lines to paste; the tokens are as good in the next run."""
        where = "run this again without --once; then, in another terminal:" if once else "in another terminal:"
        self._console.print(f"\n[key]To go on[/key], {where}\n")
        for stop in stops:
            self._paste(f"# {stop.tenant}: API page at {stop.url}/docs", style="quiet")
            variable = _variable(stop.tenant)
            self._paste(f"{variable}={stop.token}")
            self._paste(_curl(stop, variable))
            self._paste("")

    def serving(self) -> None:
        """The last line before the long wait."""
        self._console.print("Serving until Ctrl-C.")

    def ended(self) -> None:
        """After the children are gone."""
        self._console.print("All servers ended.")

    def _line(self, mark: str, label: str, text: str) -> None:
        self._console.print(f"  {mark} {escape(label.ljust(LABEL_WIDTH))} {text}", soft_wrap=True)

    def _paste(self, text: str, style: str = "") -> None:
        # As one line, however long: a wrapped token cannot be pasted.
        self._console.print(Text(text, style=style), soft_wrap=True)


def _variable(tenant: str) -> str:
    return tenant.upper().replace("-", "_") + "_TOKEN"


def _curl(stop: Stop, variable: str) -> str:
    question = stop.question.question if stop.question else "What do these documents say?"
    body = json.dumps({"query": question}, ensure_ascii=False).replace("'", "’")
    return (
        f"curl -s {stop.url}/api/query -H \"Authorization: Bearer ${variable}\" -H 'X-Tenant-ID: {stop.tenant}' "
        f"-H 'Content-Type: application/json' -d '{body}'"
    )
