"""The node's own interface, and what the machine's network looked like before the cluster."""

from __future__ import annotations

import contextlib
import ipaddress
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from e2e.cluster.addresses import (
    NODE_ADDRESS,
    NODE_INTERFACE,
    NODE_INTERFACE_PEER,
    POD_NETWORK,
    SERVICE_NETWORK,
)
from e2e.cluster.commands import run
from e2e.cluster.errors import HarnessError

_SYS = Path("/proc/sys")
_NEEDED = {
    "net/ipv4/ip_forward": "1",
    # Present only where bridges are filtered; Services between pods on one bridge need it there.
    "net/bridge/bridge-nf-call-iptables": "1",
}
# The kubelet, kube-proxy and Cilium set these. Cilium also sets kernel.unprivileged_bpf_disabled to 1, which the kernel
# keeps until the next boot.
_TOUCHED_BY_OTHERS = (
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/core/bpf_jit_enable",
    "net/ipv4/conf/all/forwarding",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv4/conf/all/rp_filter",
    "net/ipv4/conf/default/rp_filter",
    "net/ipv4/fib_multipath_use_neigh",
    "net/netfilter/nf_conntrack_max",
    "net/netfilter/nf_conntrack_tcp_be_liberal",
    "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
    "net/netfilter/nf_conntrack_tcp_timeout_established",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)


def create_node_interface() -> None:
    """Make the interface that carries the node's address: one end of a pair whose other end leads nowhere."""
    if not (Path("/sys/class/net") / NODE_INTERFACE).exists():
        run(
            ["ip", "link", "add", NODE_INTERFACE, "type", "veth", "peer", "name", NODE_INTERFACE_PEER],
            timeout=30,
        )
    run(["ip", "address", "replace", f"{NODE_ADDRESS}/32", "dev", NODE_INTERFACE], timeout=30)
    for interface in (NODE_INTERFACE_PEER, NODE_INTERFACE):
        run(["ip", "link", "set", interface, "up"], timeout=30)


def check_networks_are_free() -> None:
    """Raise `HarnessError` when the machine already uses addresses that the cluster would."""
    listing = json.loads(run(["ip", "-json", "-4", "address", "show"], timeout=30))
    found = {
        link["ifname"]: [f"{address['local']}/{address['prefixlen']}" for address in link["addr_info"]]
        for link in listing
    }
    clash = overlapping(found, [POD_NETWORK, SERVICE_NETWORK, f"{NODE_ADDRESS}/32"])
    if clash:
        raise HarnessError(
            f"the interface {clash} of this machine has addresses that the test cluster needs: "
            "give another cluster's KUBECONFIG, or run the tests in a network namespace"
        )


def overlapping(interfaces: Mapping[str, Iterable[str]], networks: Iterable[str]) -> str | None:
    """The first interface with an address whose network overlaps one of `networks`."""
    wanted = [ipaddress.ip_network(network) for network in networks]
    for name, addresses in interfaces.items():
        used = [ipaddress.ip_interface(address).network for address in addresses]
        if any(one.overlaps(other) for one in used for other in wanted):
            return name
    return None


def kernel_settings() -> dict[str, str]:
    """The kernel settings that the cluster changes, as they are now."""
    names = [*_NEEDED, *_TOUCHED_BY_OTHERS]
    return {name: (_SYS / name).read_text().strip() for name in names if (_SYS / name).is_file()}


def apply_kernel_settings() -> None:
    """Set what the node needs."""
    _write(_NEEDED)


def restore_kernel_settings(before: Mapping[str, str]) -> None:
    """Put the settings back that differ from `before`, as far as the kernel takes them."""
    for name, now in kernel_settings().items():
        # Some settings can only be tightened until the next boot; that must not keep the rest from being put back.
        with contextlib.suppress(OSError):
            if before.get(name, now) != now:
                (_SYS / name).write_text(before[name])


def _write(settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        path = _SYS / name
        if path.is_file() and path.read_text().strip() != value:
            try:
                path.write_text(value)
            except OSError as error:
                raise HarnessError(f"the kernel setting {name} can't be set to {value}: {error}") from error
