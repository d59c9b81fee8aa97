"""Kubeconfig files: how a person and each part of the cluster reach the API server."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from e2e.cluster.addresses import API_URL
from e2e.cluster.pki import Pair, write_secret


def write_kubeconfig(path: Path, identity: Pair, authority: Path) -> None:
    """Write a kubeconfig that holds the keys themselves, so that the file works wherever it is copied."""
    write_secret(path, kubeconfig(identity, authority).encode())


def kubeconfig(identity: Pair, authority: Path) -> str:
    """The text of a kubeconfig for the cluster, with `identity` as its only user."""
    name = "ringfence-test"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": API_URL, "certificate-authority-data": _encoded(authority)}}],
        "users": [
            {
                "name": name,
                "user": {
                    "client-certificate-data": _encoded(identity.certificate),
                    "client-key-data": _encoded(identity.key),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return yaml.safe_dump(config, sort_keys=False)


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
