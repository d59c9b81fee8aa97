"""The command line: `python -m e2e.cluster provision|up|down|status|logs|load`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from e2e.cluster import cluster
from e2e.cluster.errors import HarnessError
from e2e.cluster.paths import Layout, state_dir
from e2e.cluster.processes import tail


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the status is 0 when it succeeded."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "provision":
            cluster.provision()
        case "up":
            print(f"export KUBECONFIG={cluster.up().kubeconfig}")
        case "down":
            cluster.down()
        case "load":
            cluster.up().load_image(options.archive.resolve())
        case "logs":
            _show_logs(options.part, options.lines)
        case _:
            return _show_status()
    return 0


def _show_status() -> int:
    parts = cluster.status()
    for name, alive in parts.items():
        print(f"{name:<24} {'running' if alive else 'not running'}")
    return 0 if all(parts.values()) else 1


def _show_logs(part: str | None, lines: int) -> None:
    logs = Layout(state_dir()).logs
    names = [part] if part else list(cluster.PARTS)
    for name in names:
        path = logs / f"{name}.log"
        print(f"==> {path}")
        if part or lines:
            print(tail(path, lines or 40))
    if not part:
        print(f"==> {logs / 'audit.log'}\n==> {logs / 'pods'}/")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m e2e.cluster", description="A Kubernetes cluster on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("provision", help="install and build what the cluster needs")
    commands.add_parser("up", help="make the cluster, or say where the running one is")
    commands.add_parser("down", help="end the cluster; only its logs stay")
    commands.add_parser("status", help="say which parts run; the status is 1 unless all do")
    logs = commands.add_parser("logs", help="say where the logs are, and show the end of one part's")
    logs.add_argument("part", nargs="?", help="a part, as `status` names it")
    logs.add_argument("--lines", type=int, default=0, help="how many lines of each log to show")
    load = commands.add_parser("load", help="make the images of an archive known to the cluster")
    load.add_argument("archive", type=Path)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
