"""Puts the backends into a cluster and waits until they answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from e2e.cluster.backends.credentials import NAMESPACE, Credentials, from_data, make_credentials
from e2e.cluster.backends.manifests import backends, namespaces, operator_secrets
from e2e.cluster.commands import run
from e2e.cluster.errors import HarnessError

DEPLOYMENTS = ("redis", "llm", "opensearch")
# OpenSearch takes half a minute on an idle machine of 2 cores, and the pods of a new cluster start at once.
READY_SECONDS = 300
CALL_SECONDS = 60.0


class Cluster(Protocol):
    """A cluster that can be reached, and the kubectl to do it with."""

    @property
    def kubeconfig(self) -> Path: ...
    @property
    def kubectl(self) -> Path | str: ...


def apply(cluster: Cluster) -> Credentials:
    """Create or update the backends and the operator's Secrets, wait for the pods, and return what opens them.

    A cluster that has backends already keeps its credentials.

    :raises HarnessError: the API server refused something, or a pod was not ready within `READY_SECONDS`.
    """
    _apply(cluster, namespaces())
    credentials = read_credentials(cluster) or make_credentials()
    _apply(cluster, [*backends(credentials), *operator_secrets(credentials)])
    wait_ready(cluster)
    return credentials


def read_credentials(cluster: Cluster) -> Credentials | None:
    """The credentials of the backends in `cluster`, or None when there are none yet."""
    shown = _kubectl(cluster, "-n", NAMESPACE, "get", "secret", "credentials", "--ignore-not-found", "-o", "json")
    if not shown.strip():
        return None
    data: dict[str, str] = json.loads(shown).get("data", {})
    return from_data({key: base64.b64decode(value).decode() for key, value in data.items()})


def wait_ready(cluster: Cluster) -> None:
    """Wait until every backend answers.

    :raises HarnessError: one did not within `READY_SECONDS`; the message ends with its last log lines.
    """
    for name in DEPLOYMENTS:
        try:
            _kubectl(
                cluster,
                *("-n", NAMESPACE, "rollout", "status", f"deployment/{name}", f"--timeout={READY_SECONDS}s"),
                seconds=READY_SECONDS + CALL_SECONDS,
            )
        except HarnessError as error:
            raise HarnessError(f"the backend {name} is not ready: {_diagnosis(cluster, name)}") from error


def _diagnosis(cluster: Cluster, name: str) -> str:
    select = ("-n", NAMESPACE, "-l", f"app={name}")
    try:
        return _kubectl(cluster, "get", "pods", *select) + _kubectl(cluster, "logs", *select, "--tail=15")
    except HarnessError as error:
        return str(error)


def _apply(cluster: Cluster, objects: Sequence[dict[str, Any]]) -> None:
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    # By the server, so that no annotation repeats the Secrets' content.
    options = ("--server-side", "--force-conflicts", "--field-manager=ringfence-e2e", "-f", "-")
    _kubectl(cluster, "apply", *options, stdin=listed)


def _kubectl(cluster: Cluster, *arguments: str, stdin: str | None = None, seconds: float = CALL_SECONDS) -> str:
    return run(
        [cluster.kubectl, *arguments],
        timeout=seconds,
        stdin=stdin,
        environment={"KUBECONFIG": str(cluster.kubeconfig)},
    )
