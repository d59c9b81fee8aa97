"""Removing the cluster's packet filter rules touches nobody else's."""

from e2e.cluster.firewall import without_cluster_rules

RULES = """\
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [5:300]
:MY-KUBE-LIKE - [0:0]
:KUBE-SERVICES - [0:0]
:CILIUM_POST_nat - [0:0]
[0:0] -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
[0:0] -A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_nat" -j CILIUM_POST_nat
[3:180] -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
[0:0] -A POSTROUTING -j MY-KUBE-LIKE
[0:0] -A CILIUM_POST_nat -s 10.244.0.0/24 -j MASQUERADE
[0:0] -A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-A
COMMIT
"""


def test_the_clusters_chains_and_the_rules_that_lead_to_them_go() -> None:
    left = without_cluster_rules(RULES)
    assert "KUBE-SERVICES" not in left
    assert "CILIUM_" not in left


def test_rules_chains_and_counters_of_others_stay() -> None:
    assert without_cluster_rules(RULES).splitlines() == [
        "*nat",
        ":PREROUTING ACCEPT [0:0]",
        ":POSTROUTING ACCEPT [5:300]",
        ":MY-KUBE-LIKE - [0:0]",
        "[3:180] -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
        "[0:0] -A POSTROUTING -j MY-KUBE-LIKE",
        "COMMIT",
    ]
