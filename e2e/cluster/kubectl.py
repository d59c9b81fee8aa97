"""kubectl against one cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.cluster.commands import run


@dataclass(frozen=True)
class Kubectl:
    """kubectl, as the user that `kubeconfig` names."""

    kubeconfig: Path
    program: Path | str = "kubectl"

    def command(self, *arguments: str) -> list[str]:
        """The command line for `arguments`."""
        return [str(self.program), f"--kubeconfig={self.kubeconfig}", *arguments]

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
        """The output of `kubectl ARGUMENTS`; raises `HarnessError` when it fails or takes over `timeout` seconds."""
        return run(self.command(*arguments), timeout=timeout, stdin=stdin)

    def get(self, *arguments: str, timeout: float = 60) -> dict[str, Any]:
        """The object or list that `kubectl get ARGUMENTS` finds."""
        found: dict[str, Any] = json.loads(self("get", *arguments, "--output=json", timeout=timeout))
        return found

    def apply(self, manifest: str, *, timeout: float = 60) -> None:
        """Apply the YAML documents of `manifest` on the server's side."""
        self(
            "apply",
            "--server-side",
            "--force-conflicts",
            "--field-manager=ringfence-e2e",
            "--filename=-",
            stdin=manifest,
            timeout=timeout,
        )
