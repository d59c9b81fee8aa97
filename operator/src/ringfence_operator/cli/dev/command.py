"""The command `ringfence dev`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ringfence_operator.cli.console import BAD_INPUT, FAILED, stdout, stop
from ringfence_operator.cli.dev.folder import DataFolder, FolderUnusable, default_data_folder
from ringfence_operator.cli.dev.pages import BadDocuments
from ringfence_operator.cli.dev.plan import Plan, all_pages, all_questions, beside
from ringfence_operator.cli.dev.ports import LAST_PORT, NoFreePort
from ringfence_operator.cli.dev.programs import NotInstalled
from ringfence_operator.cli.dev.run import serve
from ringfence_operator.cli.dev.screen import Screen
from ringfence_operator.cli.tenant_files import BadTenantFile, load_tenants

FIRST_PORT = 8001


def dev(
    filename: Annotated[
        list[Path],
        typer.Option(
            "--filename", "-f", metavar="PATH", help="Tenant file, or folder of them. May be given several times."
        ),
    ],
    data_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where documents, vectors and keys are kept between runs.",
            show_default="in the user's state folder",
        ),
    ] = None,
    documents: Annotated[
        Path | None,
        typer.Option(
            help="Folder with a subfolder of pages per tenant.", show_default="`handbooks` beside the tenants"
        ),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Questions for the tour, by tenant.",
            show_default="`questions.yaml` beside the tenants",
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=1, max=LAST_PORT, metavar="PORT", help="First port to try; each tenant takes the next free one."
        ),
    ] = FIRST_PORT,
    once: Annotated[bool, typer.Option("--once", help="Exit after the tour; status 1 if any step failed.")] = False,
) -> None:
    """Serve Tenants on this machine, without a cluster, and take a tour of them."""
    try:
        tenants = load_tenants(filename)
        plan = Plan(
            tenants=tenants,
            folder=DataFolder((data_dir or default_data_folder()).absolute()),
            pages=all_pages(documents or beside(filename, "handbooks"), tenants),
            questions=all_questions(questions or beside(filename, "questions.yaml")),
            first_port=port,
            once=once,
        )
    except (BadTenantFile, BadDocuments) as error:
        stop(str(error), BAD_INPUT)
    try:
        plan.programs.check_installed()
        with plan.folder.held():
            status = asyncio.run(serve(plan, Screen(stdout())))
    except (NotInstalled, FolderUnusable, NoFreePort) as error:
        stop(str(error), FAILED)
    raise typer.Exit(status)
