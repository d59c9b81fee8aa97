"""Entry point of the `ringfence` command."""

from importlib.metadata import version
from typing import Annotated

import typer

from ringfence_operator.cli.dev.command import dev
from ringfence_operator.cli.token import token

# No pretty exceptions: they print local variables, and some of ours are secrets.
app = typer.Typer(
    help="A RAG service of its own for every tenant.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(dev)
app.command()(token)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ringfence {version('ringfence-operator')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options of every command."""


def main() -> None:
    """Run the command line."""
    app()
