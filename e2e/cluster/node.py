"""The cluster's one node: the kubelet and kube-proxy."""

from __future__ import annotations

from typing import Any

import yaml

from e2e.cluster import programs
from e2e.cluster.addresses import (
    CLUSTER_DOMAIN,
    DNS_SERVICE_ADDRESS,
    KUBELET_PORT,
    NODE_ADDRESS,
    NODE_NAME,
    POD_NETWORK,
)
from e2e.cluster.cgroups import POD_GROUP, create_pod_groups
from e2e.cluster.credentials import Credentials
from e2e.cluster.paths import Layout
from e2e.cluster.processes import Processes


def start(layout: Layout, credentials: Credentials, processes: Processes) -> None:
    """Start the kubelet, which registers the node, and kube-proxy."""
    create_pod_groups()
    layout.kubelet.mkdir(parents=True, exist_ok=True)
    (layout.config / "resolv.conf").write_text("# Pods resolve the cluster's names and no others.\n")
    kubelet = layout.config / "kubelet.yaml"
    kubelet.write_text(yaml.safe_dump(_kubelet(layout, credentials), sort_keys=False))
    processes.start(
        "kubelet",
        [
            programs.KUBELET.path,
            f"--config={kubelet}",
            f"--kubeconfig={credentials.kubeconfig('kubelet')}",
            f"--root-dir={layout.kubelet}",
            f"--cert-dir={layout.kubelet}/pki",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={NODE_ADDRESS}",
        ],
    )
    proxy = layout.config / "kube-proxy.yaml"
    proxy.write_text(yaml.safe_dump(_kube_proxy(credentials), sort_keys=False))
    processes.start("kube-proxy", [programs.KUBE_PROXY.path, f"--config={proxy}"])


def _kubelet(layout: Layout, credentials: Credentials) -> dict[str, Any]:
    serving = credentials.pair("kubelet-serving")
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "port": KUBELET_PORT,
        "readOnlyPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(credentials.authority().certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(serving.certificate),
        "tlsPrivateKeyFile": str(serving.key),
        "containerRuntimeEndpoint": f"unix://{layout.containerd_socket}",
        "clusterDomain": CLUSTER_DOMAIN,
        "clusterDNS": [DNS_SERVICE_ADDRESS],
        "resolvConf": str(layout.config / "resolv.conf"),
        "podLogsDir": str(layout.logs / "pods"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": POD_GROUP,
        "failSwapOn": False,
        "failCgroupV1": False,
        # Tolerates a machine that withholds CAP_SYS_RESOURCE and parts of /proc/sys.
        "featureGates": {"KubeletInUserNamespace": True},
        # Images are loaded by hand and can't be pulled again, so none may be collected.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
    }


def _kube_proxy(credentials: Credentials) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(credentials.kubeconfig("kube-proxy"))},
        "hostnameOverride": NODE_NAME,
        "bindAddress": NODE_ADDRESS,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "mode": "iptables",
        "clusterCIDR": POD_NETWORK,
        "nodePortAddresses": [f"{NODE_ADDRESS}/32"],
        # Zero leaves the kernel's own limits, which this process may not be allowed to change.
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
