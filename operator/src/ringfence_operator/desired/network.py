"""Network policies: a tenant's pods talk to what their Binding names and hear whom the Tenant names, nobody else."""

from typing import Any

from ringfence_api import names
from ringfence_api.labels import dataplane_labels
from ringfence_operator.desired.endpoints import Endpoint, platform_endpoints, tenant_endpoints
from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.meta import Manifest, metadata

_NAMESPACE_NAME = "kubernetes.io/metadata.name"  # set by the API server, so nobody can pose as another namespace
_DNS_NAMESPACE = "kube-system"
# Private, shared, link-local (cloud metadata), loopback, multicast: an outside host never resolves to one of
# these except to reach something inside.
_NOT_OUTSIDE = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
]


def deny_all(goal: Serve) -> Manifest:
    """Every pod of the namespace, in both directions: what no other policy allows is refused."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(goal, "default-deny"),
        # Written out empty, so that a rule that somebody adds is drift.
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []},
    }


def dataplane_policy(goal: Serve) -> Manifest:
    """What the data plane may reach and who may reach it.

    Raises:
        ringfence_operator.desired.errors.Refused: the Tenant names an endpoint that is off limits.
    """
    allowed = sorted(goal.tenant.spec.network.ingress_from)
    ingress = [{"from": [_namespace(name) for name in allowed], "ports": [_tcp(names.DATAPLANE_PORT)]}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(goal, names.DATAPLANE),
        "spec": {
            "podSelector": {"matchLabels": dataplane_labels(goal.name)},
            "policyTypes": ["Ingress", "Egress"],
            "egress": [_dns(), *_egress(goal)],
            # Without a peer list a rule would allow everybody, so there is no rule where nobody is named.
            "ingress": ingress if allowed else [],
        },
    }


def _egress(goal: Serve) -> list[Manifest]:
    rules: list[Manifest] = []
    for endpoint in platform_endpoints(goal.platform):
        rules.append(_rule(endpoint, [_block(cidr) for cidr in goal.platform.external_cidrs]))
    for endpoint in tenant_endpoints(goal):
        rules.append(_rule(endpoint, [_block("0.0.0.0/0", _NOT_OUTSIDE)]))
    return [rule for position, rule in enumerate(rules) if rule not in rules[:position]]


def _rule(endpoint: Endpoint, outside: list[Manifest]) -> Manifest:
    """The policy sees packets after the Service's translation: the pods have to listen on the Service's port."""
    if endpoint.namespace:
        peers = [_namespace(endpoint.namespace)]
    elif endpoint.address:
        peers = [_block(endpoint.address)]
    else:
        peers = outside
    return {"to": peers, "ports": [_tcp(endpoint.port)]}


def _dns() -> Manifest:
    return {"to": [_namespace(_DNS_NAMESPACE)], "ports": [{"protocol": "UDP", "port": 53}, _tcp(53)]}


def _namespace(name: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: name}}}


def _block(cidr: str, except_: list[str] | None = None) -> Manifest:
    block: dict[str, Any] = {"cidr": cidr}
    if except_:
        block["except"] = except_
    return {"ipBlock": block}


def _tcp(port: int) -> Manifest:
    return {"protocol": "TCP", "port": port}
