"""Promise: `kubectl apply -f tenant.yaml` gives a tenant all its own objects, under the restricted profile."""

import json

import httpx
import pytest

from e2e.kubectl import Kubectl, eventually
from e2e.tenants import EXAMPLES, conditions

TENANTS = ("acme", "globex")


@pytest.mark.parametrize("tenant", TENANTS)
def test_an_applied_tenant_becomes_ready_and_says_so_for_the_generation_it_saw(ready: Kubectl, tenant: str) -> None:
    found = ready.get("tenant", tenant)
    status = found["status"]

    assert status["observedGeneration"] == found["metadata"]["generation"]
    by_type = conditions(ready, tenant)
    assert by_type["Ready"]["status"] == "True"
    assert by_type["Stalled"]["status"] == "False"
    assert by_type["Reconciling"]["status"] == "False"
    assert status["endpoint"] == f"http://dataplane.tenant-{tenant}.svc:8000"
    assert f"genai_{tenant}_handbook" in status["indices"]
    line = next(row for row in ready("get", "tn").splitlines() if row.startswith(f"{tenant} "))
    assert "True" in line
    assert status["endpoint"] in line


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_tenant_owns_every_promised_object(ready: Kubectl, tenant: str) -> None:
    namespace = f"tenant-{tenant}"
    for kind, name in (
        ("configmap", "binding"),
        ("secret", "credentials"),
        ("serviceaccount", "dataplane"),
        ("deployment", "dataplane"),
        ("service", "dataplane"),
        ("horizontalpodautoscaler", "dataplane"),
        ("persistentvolumeclaim", "vectors"),
    ):
        assert ready.exists("-n", namespace, kind, name), f"{kind}/{name} is missing in {namespace}"
    assert ready.items("-n", namespace, "networkpolicy")
    labels = ready.get("namespace", namespace)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert ready.get("-n", namespace, "pvc", "vectors")["status"]["phase"] == "Bound"


def test_the_autoscaler_is_the_promised_one_and_reads_real_figures(ready: Kubectl) -> None:
    def read() -> dict[str, object]:
        hpa = ready.get("-n", "tenant-acme", "hpa", "dataplane")
        metrics = hpa.get("status", {}).get("currentMetrics") or []
        # Before the first figures the autoscaler lists metrics without any content.
        found = [metric.get("resource", {}).get("current", {}).get("averageUtilization") for metric in metrics]
        assert len(found) == 2
        assert None not in found
        return hpa

    hpa = eventually(read, "the HPA reads CPU and memory", seconds=120)

    spec = hpa["spec"]
    scaling = ready.get("tenant", "acme")["spec"]["scaling"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (scaling["minReplicas"], scaling["maxReplicas"])
    targets = {m["resource"]["name"]: m["resource"]["target"]["averageUtilization"] for m in spec["metrics"]}
    assert targets == {"cpu": 70, "memory": 80}
    up, down = spec["behavior"]["scaleUp"], spec["behavior"]["scaleDown"]
    assert up["stabilizationWindowSeconds"] == 15
    assert [(p["type"], p["value"], p["periodSeconds"]) for p in up["policies"]] == [("Percent", 100, 15)]
    assert down["stabilizationWindowSeconds"] == 300
    assert [(p["type"], p["value"], p["periodSeconds"]) for p in down["policies"]] == [("Percent", 50, 60)]


@pytest.mark.parametrize(("tenant", "pods"), [("acme", 2), ("globex", 1)])
def test_as_many_pods_are_ready_as_the_tenant_asks_for_at_least(ready: Kubectl, tenant: str, pods: int) -> None:
    assert ready.get("tenant", tenant)["spec"]["scaling"]["minReplicas"] == pods

    def serving() -> bool:
        status = ready.get("-n", f"tenant-{tenant}", "deployment", "dataplane")["status"]
        return bool(status.get("readyReplicas", 0) >= pods)

    eventually(serving, f"{pods} ready pods of {tenant}", seconds=180)


def test_pods_run_restricted_and_without_an_api_token(ready: Kubectl) -> None:
    pod = _pod(ready, "acme")
    script = (
        "import json,os\n"
        "status = dict(l.split(':',1) for l in open('/proc/self/status') if ':' in l)\n"
        "try:\n open('/probe','w'); root='writable'\n"
        "except OSError as error: root=error.strerror\n"
        "print(json.dumps({'uid': os.getuid(), 'caps': status['CapEff'].strip(),"
        " 'nnp': status['NoNewPrivs'].strip(), 'seccomp': status['Seccomp'].strip(), 'root': root,"
        " 'token': os.path.exists('/var/run/secrets/kubernetes.io/serviceaccount/token'),"
        " 'services': [k for k in os.environ if k.endswith('_SERVICE_HOST') and 'KUBERNETES' not in k]}))"
    )
    seen = json.loads(ready("-n", "tenant-acme", "exec", pod, "--", "python3", "-c", script))

    assert seen == {
        "uid": 10001,
        "caps": "0000000000000000",
        "nnp": "1",
        "seccomp": "2",
        "root": "Read-only file system",
        "token": False,
        "services": [],
    }


def test_applying_the_same_file_again_changes_nothing(ready: Kubectl) -> None:
    def versions() -> dict[str, str]:
        listed = ready.items("-n", "tenant-acme", "configmap,secret,deployment,service,networkpolicy,pvc,sa")
        # The Deployment's status moves by itself: its generation moves only with its spec.
        return {
            f"{item['kind']}/{item['metadata']['name']}": item["metadata"].get("generation")
            or item["metadata"]["resourceVersion"]
            for item in listed
            if item["metadata"]["name"] != "kube-root-ca.crt"
        }

    before, tenant_before = versions(), ready.get("tenant", "acme")["metadata"]["generation"]
    out = ready("apply", "-f", str(EXAMPLES / "tenants" / "acme.yaml"))

    assert "unchanged" in out
    # Longer than the operator's timer, so that at least one idle pass of it lies in between.
    import time

    time.sleep(35)
    assert versions() == before
    assert ready.get("tenant", "acme")["metadata"]["generation"] == tenant_before


def test_health_readiness_metrics_and_api_description_are_served(acme: httpx.Client) -> None:
    assert acme.get("/health").status_code == 200
    assert acme.get("/ready").status_code == 200
    assert "queries_total" in acme.get("/metrics").text
    assert acme.get("/openapi.json").json()["openapi"].startswith("3.1")
    assert "text/html" in acme.get("/docs").headers["content-type"]


def _pod(kubectl: Kubectl, tenant: str) -> str:
    pods = kubectl.items("-n", f"tenant-{tenant}", "pod", "-l", "app.kubernetes.io/name=ringfence-dataplane")
    name: str = next(
        pod["metadata"]["name"]
        for pod in pods
        if pod["status"]["phase"] == "Running" and not pod["metadata"].get("deletionTimestamp")
    )
    return name
