"""The versions that the harness names are the versions that its Go modules pin."""

import re

import pytest

from e2e.cluster import programs
from e2e.cluster.gotools import parse_go_version
from e2e.cluster.programs import LINES, MODULES, PROGRAMS, Program, pinned_version


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_program_is_built_at_the_version_that_its_module_pins(program: Program) -> None:
    go_mod = (MODULES / program.module / "go.mod").read_text()
    if program.pinned_by:
        assert pinned_version(go_mod, program.pinned_by) == program.version
    else:
        assert "require" not in go_mod, "a module with dependencies must say which of them gives the version"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_program_is_a_tool_of_its_module_or_has_its_source_beside_it(program: Program) -> None:
    module = MODULES / program.module
    if program.package.startswith("."):
        assert list((module / program.package).glob("*.go"))
    else:
        assert re.search(rf"^(tool |\t){re.escape(program.package)}$", (module / "go.mod").read_text(), re.MULTILINE)


def test_every_program_is_built_once_and_has_a_place_of_its_own() -> None:
    assert sorted(program.name for line in LINES for program in line) == sorted({one.name for one in PROGRAMS})
    assert len({program.path for program in PROGRAMS}) == len(PROGRAMS)


def test_every_kubernetes_library_is_replaced_by_the_release_of_the_same_number() -> None:
    go_mod = (MODULES / "kubernetes" / "go.mod").read_text()
    staging = re.findall(r"^\t(k8s\.io/\S+) => \1 v0\.(\S+)$", go_mod, re.MULTILINE)
    releases = {release for name, release in staging if name not in ("k8s.io/kube-openapi", "k8s.io/utils")}
    assert releases == {programs.KUBERNETES.removeprefix("1.")}


def test_a_recipe_changes_with_the_flags_and_not_with_another_programs_source() -> None:
    dns, metrics = programs.COREDNS, programs.METRICS_SERVER
    assert dns.recipe() != Program(dns.name, dns.version, dns.module, dns.package, dns.pinned_by, "-X a=b").recipe()
    assert dns.recipe() != metrics.recipe()


@pytest.mark.parametrize(
    ("text", "version"),
    [("go1.26.4", (1, 26, 4)), ("go1.26", (1, 26)), ("go1.27rc1", (1, 27)), ("devel go1.27-abc", None)],
)
def test_a_go_version_is_read_as_numbers(text: str, version: tuple[int, ...] | None) -> None:
    assert parse_go_version(text) == version


def test_a_module_that_is_not_required_has_no_pinned_version() -> None:
    assert pinned_version("require example.org/a v1.2.3\n", "example.org/b") is None
    assert pinned_version("require (\n\texample.org/a v1.2.3 // indirect\n)\n", "example.org/a") == "1.2.3"
