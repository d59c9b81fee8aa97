"""The command `ringfence-dataplane`: serves one tenant until it is told to stop."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from pydantic import ValidationError

from ringfence_api.binding import Binding
from ringfence_dataplane.app import make_app
from ringfence_dataplane.credentials import Credentials, MissingCredential
from ringfence_dataplane.telemetry import logs
from ringfence_dataplane.telemetry.audit import to_stream
from ringfence_dataplane.wiring import wire

DRAIN_SECONDS = 25
"""Requests in flight get this long after SIGTERM; Kubernetes kills after 30."""
KEEP_ALIVE_SECONDS = 75
"""Longer than the idle time of common proxies, so that they and not we close a connection."""


class Unusable(Exception):
    """The data plane cannot start with what it was given; the message is one line for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status: 2 for what cannot be used, as it is given."""
    asked = _parser().parse_args(arguments)
    try:
        serve(asked.binding, asked.credentials, asked.host, asked.port)
    except Unusable as error:
        print(f"ringfence-dataplane: {error}", file=sys.stderr)
        return 2
    return 0


def serve(binding_file: Path, credentials: Path, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then drain.

    Raises:
        Unusable: the Binding or a credential is missing or wrong.
    """
    binding = _binding(binding_file)
    logs.configure()
    try:
        parts = wire(binding, Credentials(credentials), to_stream(sys.stderr))
    except (MissingCredential, FileNotFoundError, ValueError) as error:
        raise Unusable(" ".join(str(error).split())) from None
    server = uvicorn.Server(
        uvicorn.Config(
            make_app(parts),
            host=host,
            port=port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,  # its loggers write through ours
            access_log=False,  # the measuring middleware writes one line a request
            server_header=False,
            proxy_headers=False,  # nothing here depends on the peer's address
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
    # uvicorn drains, and raises the signal once more for whoever handled it before: that must not end us with an error.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server.run()
    if not server.started:
        raise Unusable(f"cannot serve on {host}:{port}; the log says why")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ringfence-dataplane", description="The data plane of one Ringfence tenant.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("serve", help="serve the API of one tenant")
    command.add_argument("--binding", type=Path, required=True, help="binding.json, written by the operator")
    command.add_argument("--credentials", type=Path, required=True, help="folder with one file per secret")
    command.add_argument("--host", default="127.0.0.1", help="address to listen at (default: this machine only)")
    command.add_argument("--port", type=int, default=8000)
    return parser


def _binding(file: Path) -> Binding:
    try:
        return Binding.load(file)
    except OSError as error:
        raise Unusable(f"cannot read the Binding {file}: {error.strerror}") from None
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in entry['loc']) or 'file'}: {entry['msg']}" for entry in error.errors()[:5]
        )
        raise Unusable(f"{file} is no Binding of this version: {wrong}") from None


if __name__ == "__main__":
    sys.exit(main())
