"""The packet filter rules that the cluster's parts leave behind, and how they are removed without touching others'."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping

from e2e.cluster.commands import run, succeeds

_FAMILIES = {"ip": "iptables", "ip6": "ip6tables"}
# kube-proxy and the kubelet name their chains KUBE-…, Cilium CILIUM_…, and OLD_CILIUM_… while it replaces them.
_OURS = re.compile(r"(?<![\w-])(?:KUBE-|CILIUM_|OLD_CILIUM_)")
_TABLE = re.compile(r"^\*(\S+)$", re.MULTILINE)
_SETS = re.compile(r"^cilium_", re.MULTILINE)


def tables() -> dict[str, list[str]]:
    """The tables that exist now, for `ip` and for `ip6`."""
    return {family: _TABLE.findall(_save(program)) for family, program in _FAMILIES.items()}


def has_cluster_rules() -> bool:
    """Whether a chain of Kubernetes' or Cilium's exists."""
    return any(_OURS.search(_save(program)) for program in _FAMILIES.values())


def remove_cluster_rules(before: Mapping[str, Iterable[str]]) -> None:
    """Remove Kubernetes' and Cilium's chains and sets, and the tables that are empty now and not in `before`."""
    for family, program in _FAMILIES.items():
        rules = _save(program)
        if _OURS.search(rules):
            run([f"{program}-restore", "--counters"], stdin=without_cluster_rules(rules), timeout=60)
        for table in set(_TABLE.findall(rules)) - set(before.get(family, ())):
            _delete_if_empty(family, table, program)
    if shutil.which("ipset"):
        for name in run(["ipset", "list", "-name"], timeout=30).split():
            if _SETS.match(name):
                run(["ipset", "destroy", name], timeout=30)


def without_cluster_rules(rules: str) -> str:
    """The text of an iptables-save without the chains of Kubernetes and Cilium and the rules that speak of them."""
    return "".join(line + "\n" for line in rules.splitlines() if not _OURS.search(line))


def _delete_if_empty(family: str, table: str, program: str) -> None:
    # The nft flavour of iptables makes a table at its first rule and never removes it; the legacy flavour has no nft.
    if shutil.which("nft") is None or not succeeds(["nft", "list", "table", family, table], timeout=30):
        return
    section = _save(program, "-t", table)
    if not any(line.startswith("-A") or line.endswith("- [0:0]") for line in section.splitlines()):
        run(["nft", "delete", "table", family, table], timeout=30)


def _save(program: str, *arguments: str) -> str:
    return run([f"{program}-save", *arguments], timeout=60)
