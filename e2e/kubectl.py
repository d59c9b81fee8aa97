"""kubectl for the e2e tests: every call has a deadline, and a failure shows what kubectl said."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class KubectlError(AssertionError):
    """kubectl ended with an error; the message is what it printed."""


@dataclass(frozen=True)
class Kubectl:
    """kubectl and helm bound to one cluster."""

    kubeconfig: Path
    kubectl: str = "kubectl"
    helm_binary: str = "helm"

    def __call__(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
        """Run kubectl and return what it printed."""
        return self._run([self.kubectl, *arguments], stdin, timeout)

    def helm(self, *arguments: str, timeout: float = 300) -> str:
        """Run helm and return what it printed."""
        return self._run([self.helm_binary, *arguments], None, timeout)

    def refused(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl, expect it to fail, and return what it said."""
        try:
            out = self(*arguments, stdin=stdin)
        except KubectlError as error:
            return str(error)
        raise AssertionError(f"kubectl {' '.join(arguments)} should have been refused, but printed: {out}")

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get ... -o json`, parsed."""
        parsed: dict[str, Any] = json.loads(self("get", *arguments, "-o", "json"))
        return parsed

    def items(self, *arguments: str) -> list[dict[str, Any]]:
        """The items of `kubectl get`."""
        found: list[dict[str, Any]] = self.get(*arguments)["items"]
        return found

    def exists(self, *arguments: str) -> bool:
        """Whether the named object exists."""
        return bool(self("get", *arguments, "--ignore-not-found", "-o", "name").strip())

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects."""
        self("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def _run(self, command: list[str], stdin: str | None, timeout: float) -> str:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            check=False,
        )
        if done.returncode:
            raise KubectlError(f"{' '.join(command[:6])}: exit {done.returncode}\n{done.stderr}{done.stdout}")
        return done.stdout

    @contextmanager
    def port_forward(self, namespace: str, target: str, port: int) -> Iterator[int]:
        """Forward a free loopback port to `target` (`svc/name`, `pod/name`) and yield it."""
        local = free_port()
        process = subprocess.Popen(
            [self.kubectl, "-n", namespace, "port-forward", target, f"{local}:{port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
        )
        try:
            eventually(lambda: _listens(process, local), f"port-forward to {namespace}/{target}", seconds=30)
            yield local
        finally:
            process.terminate()
            process.communicate(timeout=10)


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(process: "subprocess.Popen[bytes]", port: int) -> bool:
    if process.poll() is not None:
        stderr = process.stderr.read().decode() if process.stderr else ""
        raise AssertionError(f"port-forward ended: {stderr}")
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(condition: Any, what: str, seconds: float = 60, interval: float = 0.5) -> Any:
    """Call `condition` until it returns something true, and return that; an AssertionError counts as not yet."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (AssertionError, OSError) as error:
            last = error
        time.sleep(interval)
    raise AssertionError(f"{what}: not within {seconds:.0f} s; last seen: {last}")
