"""`ringfence-generate-crd`: writes the CRD's YAML, or with --check fails when a written one is stale."""

import argparse
import sys
from pathlib import Path

import yaml

from ringfence_api.crd import tenant_crd

HEADER = "# Generated from crds/src/ringfence_api by `make generate`. Do not edit.\n"


def rendered() -> str:
    """The CRD as YAML text."""
    return HEADER + yaml.safe_dump(tenant_crd(), sort_keys=False, width=110, allow_unicode=True)


def main() -> None:
    """Write or check every file named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--check", action="store_true", help="fail when a file is stale, write nothing")
    arguments = parser.parse_args()
    text = rendered()
    stale = [file for file in arguments.files if not file.exists() or file.read_text() != text]
    if arguments.check:
        for file in stale:
            print(f"{file} is stale: run `make generate` and commit the result", file=sys.stderr)
        sys.exit(1 if stale else 0)
    for file in stale:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        print(f"wrote {file}")
