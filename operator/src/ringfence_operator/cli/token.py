"""The command `ringfence token`."""

from pathlib import Path
from typing import Annotated

import typer

from ringfence_api.binding import AuthBinding, Binding
from ringfence_operator.cli.console import BAD_INPUT, stop
from ringfence_operator.cli.dev.folder import DataFolder, default_data_folder
from ringfence_operator.cli.dev_tokens import LIFETIME_SECONDS, PERMISSIONS, USER, mint
from ringfence_operator.cli.tenant_files import BadTenantFile, load_tenants

MAX_LIFETIME_SECONDS = 7 * 24 * 3600


def token(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="Name of the Tenant.")],
    filename: Annotated[
        Path | None,
        typer.Option("--filename", "-f", metavar="FILE", help="Tenant file: take issuer and audience from there."),
    ] = None,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="For the cluster that KUBECONFIG names, in place of `ringfence dev`.")
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Data folder of `ringfence dev`.", show_default="in the user's state folder"),
    ] = None,
    user: Annotated[str, typer.Option(metavar="NAME", help="Claim `user_id`.")] = USER,
    permission: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Claim `permissions`; may be given several times.", show_default=" ".join(PERMISSIONS)
        ),
    ] = None,
    seconds: Annotated[
        int, typer.Option(min=1, max=MAX_LIFETIME_SECONDS, metavar="N", help="How long the token is valid.")
    ] = LIFETIME_SECONDS,
) -> None:
    """Print a development token (HS256) of a Tenant, and nothing else."""
    if cluster and (filename or data_dir):
        stop("--cluster takes everything from the cluster: leave out --filename and --data-dir", BAD_INPUT)
    auth, key = _from_cluster(tenant) if cluster else _from_folder(tenant, filename, data_dir or default_data_folder())
    permissions = PERMISSIONS if permission is None else permission
    typer.echo(mint(tenant, auth, key, user=user, permissions=permissions, lifetime_seconds=seconds))


def _from_folder(tenant: str, filename: Path | None, data_dir: Path) -> tuple[AuthBinding, str]:
    folder = DataFolder(data_dir).tenant(tenant)
    try:
        auth = Binding.load(folder.binding_file).auth
        key = folder.token_key()
    except (OSError, ValueError):
        stop(
            f"`ringfence dev` has not served `{tenant}` from {data_dir}: run it first, or give --data-dir or --cluster"
        )
    if filename is None:
        return auth, key
    try:
        spec = next((found.spec for found in load_tenants([filename]) if found.name == tenant), None)
    except BadTenantFile as error:
        stop(str(error), BAD_INPUT)
    if spec is None:
        stop(f"{filename} has no Tenant `{tenant}`", BAD_INPUT)
    return auth.model_copy(update={"issuer": spec.auth.issuer, "audience": spec.auth.audience}), key


def _from_cluster(tenant: str) -> tuple[AuthBinding, str]:
    from ringfence_operator.cli.cluster import ClusterError, development_key  # the client takes a second to import

    try:
        return development_key(tenant)
    except ClusterError as error:
        stop(str(error))
