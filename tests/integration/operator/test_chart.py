"""Promise: Helm renders the chart, refuses what it does not know, and the operator's pod is as fenced as a tenant's."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from e2e.cluster import programs
from ringfence_operator.settings import Settings
from tests.integration.operator.conftest import CHART, HOME, chart_manifests


def pod(*arguments: str) -> dict[str, Any]:
    """The operator's pod."""
    [deployment] = [m for m in chart_manifests(*arguments) if m["kind"] == "Deployment"]
    spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


def test_the_operators_pod_meets_the_restricted_profile() -> None:
    spec = pod()
    container = spec["containers"][0]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_what_the_chart_sets_is_what_the_operator_reads() -> None:
    class Asked(dict[str, str]):
        """Notes what is asked for."""

        names: set[str] = set()  # noqa: RUF012 - one instance, one test

        def get(self, key: str, default: Any = None) -> Any:
            self.names.add(key)
            return default

    asked = Asked()
    with pytest.raises(ValueError, match="is not set"):
        Settings.from_environment(asked)

    assert {variable["name"] for variable in pod()["containers"][0]["env"]} == asked.names


@pytest.mark.parametrize(
    "wrong",
    [
        "opensearch.ulr=https://a.b.svc:9200",
        "opensearch.url=http://a.b.svc:9200",
        "redis.nodes={redis://a:6379}",
        "workers=0",
        "image.pullPolicy=Sometimes",
    ],
)
def test_a_value_that_is_misspelt_or_unsafe_is_refused(wrong: str) -> None:
    command = [str(programs.HELM.path), "template", "x", str(CHART), "--namespace", HOME]
    command += ["--kube-version", programs.KUBERNETES, "--set", wrong]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode != 0
    assert wrong.partition("=")[0].split(".")[0] in done.stderr
