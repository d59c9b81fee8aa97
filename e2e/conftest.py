"""One cluster for all e2e tests: the one that KUBECONFIG names, or one of our own that is ended afterwards.

E2E_KEEP=1 leaves our own cluster running for the next run.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from e2e.cluster import cluster
from e2e.kubectl import Kubectl
from e2e.tenants import EXAMPLES, TenantClient, dataplane, handbook, token

HERE = Path(__file__).parent
CHART = HERE.parent / "charts" / "ringfence"
TENANTS = ("acme", "globex")
# The first test waits for the cluster, its images and its backends; on a new machine these are built first.
TEST_SECONDS = 2400
RAN_ON = pytest.StashKey[dict[str, str]]()
PREPARATION = pytest.StashKey["subprocess.Popen[str]"]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if versions := config.stash.get(RAN_ON, {}):
        terminalreporter.write_line(f"e2e tests ran on: {', '.join(f'{k} {v}' for k, v in versions.items())}")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start on the cluster while other tests run: coming up is mostly waiting."""
    wanted = any(item.path.is_relative_to(HERE) for item in session.items)
    if wanted and not session.config.option.collectonly:
        command = [sys.executable, "-m", "e2e.cluster.backends"]
        session.config.stash[PREPARATION] = subprocess.Popen(
            command, cwd=HERE.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End what no test came to use, and our own cluster."""
    preparation = session.config.stash.get(PREPARATION, None)
    if preparation is None:
        return
    preparation.terminate()
    preparation.communicate(timeout=60)
    if not os.environ.get("KUBECONFIG") and not os.environ.get("E2E_KEEP"):
        cluster.down()


@pytest.fixture(scope="session")
def kubectl(pytestconfig: pytest.Config) -> Kubectl:
    """A cluster with images, OpenSearch, Redis and a language model, but without Ringfence."""
    preparation = pytestconfig.stash[PREPARATION]
    said, _ = preparation.communicate(timeout=TEST_SECONDS)
    assert preparation.returncode == 0, said
    running = cluster.up()
    pytestconfig.stash[RAN_ON] = running.versions()
    return Kubectl(running.kubeconfig, str(running.kubectl), str(running.helm))


@pytest.fixture(scope="session")
def installed(kubectl: Kubectl) -> Kubectl:
    """The operator's chart, installed as the README says."""
    kubectl.helm(
        "upgrade", "--install", "ringfence", str(CHART), "--namespace", "ringfence-system", "--wait", "--timeout=180s"
    )  # fmt: skip
    return kubectl


@pytest.fixture(scope="session")
def ready(installed: Kubectl) -> Kubectl:
    """Both example Tenants applied and Ready."""
    installed("apply", *(part for name in TENANTS for part in ("-f", str(EXAMPLES / "tenants" / f"{name}.yaml"))))
    for name in TENANTS:
        # As people do: kubectl looks at the condition's generation too, so an old Ready does not count.
        installed("wait", "--for=condition=Ready", f"tenant/{name}", "--timeout=240s", timeout=260)
    return installed


@pytest.fixture(scope="session")
def ingested(ready: Kubectl) -> Kubectl:
    """Each tenant holds its own handbook."""
    for name in TENANTS:
        with dataplane(ready, name) as http:
            app = TenantClient(http, name, token(ready, name))
            for document in handbook(name):
                app.ingest(document).raise_for_status()
    return ready


# A port-forward ends with its pod, so it lives no longer than one file of tests.
@pytest.fixture(scope="module")
def acme(ingested: Kubectl) -> Iterator[httpx.Client]:
    """HTTP at acme's data plane."""
    with dataplane(ingested, "acme") as http:
        yield http


@pytest.fixture(scope="module")
def globex(ingested: Kubectl) -> Iterator[httpx.Client]:
    """HTTP at globex's data plane."""
    with dataplane(ingested, "globex") as http:
        yield http


@pytest.fixture(scope="module")
def apps(ready: Kubectl, acme: httpx.Client, globex: httpx.Client) -> dict[str, TenantClient]:
    """One app of each tenant."""
    return {
        "acme": TenantClient(acme, "acme", token(ready, "acme")),
        "globex": TenantClient(globex, "globex", token(ready, "globex")),
    }
