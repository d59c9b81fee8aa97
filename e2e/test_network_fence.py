"""Promise: packets of a tenant reach its own backends and nobody else (an allow/deny table on real pods)."""

import pytest

from e2e.kubectl import Kubectl, eventually

# Run inside a data-plane pod: connect, and say whether a TCP connection came about.
PROBE = (
    "import socket,sys\n"
    "try:\n socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close(); print('open')\n"
    "except OSError as error: print('closed', error)"
)


def dataplane_pod(kubectl: Kubectl, tenant: str) -> dict[str, str]:
    """Name and address of a running data-plane pod."""
    for pod in kubectl.items("-n", f"tenant-{tenant}", "pod", "-l", "app.kubernetes.io/name=ringfence-dataplane"):
        if pod["status"]["phase"] == "Running" and not pod["metadata"].get("deletionTimestamp"):
            return {
                "name": pod["metadata"]["name"],
                "ip": pod["status"]["podIP"],
                "node": pod["status"]["hostIP"],
            }
    raise AssertionError(f"no running data plane of {tenant}")


def probe(kubectl: Kubectl, tenant: str, host: str, port: int) -> str:
    """What happens when a data-plane pod of `tenant` connects to host:port."""
    pod = dataplane_pod(kubectl, tenant)["name"]
    return kubectl(
        "-n", f"tenant-{tenant}", "exec", pod, "-c", "dataplane", "--", "python3", "-c", PROBE, host, str(port)
    ).strip()


@pytest.mark.parametrize("tenant", ["acme", "globex"])
@pytest.mark.parametrize(
    ("service", "port"),
    [("opensearch", 9200), ("redis", 6379), ("llm", 8080)],
)
def test_a_data_plane_reaches_its_own_backends(ready: Kubectl, tenant: str, service: str, port: int) -> None:
    assert probe(ready, tenant, f"{service}.ringfence-backends.svc.cluster.local", port) == "open"


@pytest.mark.parametrize(("attacker", "victim"), [("acme", "globex"), ("globex", "acme")])
def test_a_data_plane_cannot_reach_another_tenants_pod_or_service(ready: Kubectl, attacker: str, victim: str) -> None:
    address = dataplane_pod(ready, victim)["ip"]
    assert probe(ready, attacker, address, 8000).startswith("closed")
    assert probe(ready, attacker, f"dataplane.tenant-{victim}.svc.cluster.local", 8000).startswith("closed")


def test_a_data_plane_cannot_reach_the_api_server_the_kubelet_or_the_node(ready: Kubectl) -> None:
    pod = dataplane_pod(ready, "acme")
    service = ready.get("-n", "default", "service", "kubernetes")["spec"]["clusterIP"]
    endpoint = ready.get("-n", "default", "endpoints", "kubernetes")["subsets"][0]
    targets = [
        (service, 443),
        (endpoint["addresses"][0]["ip"], endpoint["ports"][0]["port"]),
        (pod["node"], 10250),
        (pod["node"], 2379),
        ("169.254.169.254", 80),
    ]
    for host, port in targets:
        assert probe(ready, "acme", host, port).startswith("closed"), f"{host}:{port} is open"


def test_backends_open_no_other_port_to_a_data_plane(ready: Kubectl) -> None:
    assert probe(ready, "acme", "opensearch.ringfence-backends.svc.cluster.local", 9300).startswith("closed")
    pods = ready.items("-n", "ringfence-backends", "pod", "-l", "app=opensearch")
    assert probe(ready, "acme", pods[0]["status"]["podIP"], 9300).startswith("closed")


def test_only_the_namespaces_that_the_tenant_names_may_call_its_data_plane(ready: Kubectl) -> None:
    """A client pod in a named namespace gets through, the same pod elsewhere does not."""
    address = dataplane_pod(ready, "acme")["ip"]
    allowed = ready.get("tenant", "acme")["spec"]["network"]["ingressFrom"][0]
    for namespace, expected in ((allowed, True), ("strangers", False)):
        ready.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            _client(namespace, ready.get("-n", "tenant-acme", "deployment", "dataplane")),
        )
        eventually(
            lambda namespace=namespace: ready.get("-n", namespace, "pod", "client")["status"]["phase"] == "Running",
            f"client pod in {namespace}",
            seconds=60,
        )
        seen = ready("-n", namespace, "exec", "client", "--", "python3", "-c", PROBE, address, "8000").strip()
        assert (seen == "open") is expected, f"from {namespace}: {seen}"
        ready("delete", "namespace", namespace, "--wait=false")


def _client(namespace: str, deployment: dict[str, object]) -> dict[str, object]:
    """A pod that idles, from the image that is on the node anyway."""
    spec = deployment["spec"]
    assert isinstance(spec, dict)
    image = spec["template"]["spec"]["containers"][0]["image"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "client", "namespace": namespace},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "client",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python3", "-c", "import time; time.sleep(600)"],
                }
            ],
        },
    }
