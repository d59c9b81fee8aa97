"""What the documentation tells its reader to do can be done, and what it points at is there."""

import re
import shlex
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer.main
import yaml

from ringfence_api.reference import rendered
from ringfence_api.tenant import Tenant
from ringfence_operator.cli.main import app
from tests.unit.docs.pages import PAGES, ROOT, blocks, commands, prose

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = {name for line in re.findall(r"^([a-z][a-z -]*):(?!=)", MAKEFILE, re.MULTILINE) for name in line.split()}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ROOT_PATH = re.compile(
    r"`((?:crds|operator|dataplane|charts|examples|docs|tests|e2e|bench)/[\w./*-]*|[\w.-]+\.(?:py|md|yaml))`"
)


def relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Anchors that a forge gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(prose(page)):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_path_that_is_named_exists(page: Path) -> None:
    named = [path for path in ROOT_PATH.findall(prose(page)) if "/" in path]
    missing = [path for path in named if not list(ROOT.glob(path.rstrip("/")))]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE))
    assert named - TARGETS == set()


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_environment_variable_that_is_named_is_read(page: Path) -> None:
    named = set(re.findall(r"`((?:RINGFENCE|E2E)_[A-Z_]+)", page.read_text()))
    folders = ("crds", "operator", "dataplane", "tests", "e2e")
    code = "".join(file.read_text() for folder in folders for file in (ROOT / folder).rglob("*.py"))
    assert {name for name in named if f'"{name}"' not in code} == set()


def test_every_yaml_block_that_says_it_is_a_tenant_is_one() -> None:
    found = 0
    for block in blocks("yaml"):
        for body in yaml.safe_load_all(block.text):
            if isinstance(body, dict) and body.get("kind") == "Tenant":
                Tenant.parse(body)
                found += 1
    assert found


def test_every_ringfence_command_has_the_options_that_are_shown() -> None:
    group = typer.main.get_command(app)
    shown = 0
    for page, command in commands():
        for call in re.findall(r"\bringfence ((?:dev|token)\b[^|)]*)", command):
            name, *arguments = shlex.split(call)
            known = {flag for option in group.commands[name].params for flag in option.opts}  # type: ignore[attr-defined]
            used = {argument for argument in arguments if argument.startswith("-")}
            assert used <= known, f"{relative(page)}: {command}"
            shown += 1
    assert shown


def test_every_file_that_a_command_applies_exists() -> None:
    applied = 0
    for page, command in commands():
        words = shlex.split(command, comments=True)
        for flag, value in pairwise(words):
            if flag == "-f" and not value.startswith("-"):
                assert (ROOT / value).exists(), f"{relative(page)}: {command}"
                applied += 1
    assert applied


def test_every_helm_command_names_the_chart_and_values_that_it_has() -> None:
    values = yaml.safe_load((ROOT / "charts" / "ringfence" / "values.yaml").read_text())
    shown = 0
    for page, command in commands():
        if not command.startswith("helm "):
            continue
        shown += 1
        words = shlex.split(command)
        assert (ROOT / words[words.index("ringfence") + 1] / "Chart.yaml").exists(), f"{relative(page)}: {command}"
        for flag, value in pairwise(words):
            if flag == "--set":
                here = values
                for part in re.sub(r"\[\d+\]", "", value.split("=")[0]).split("."):
                    assert part in here, f"{relative(page)}: {value}"
                    here = here[part]
    assert shown


def test_the_reference_of_the_tenant_is_fresh() -> None:
    assert (ROOT / "docs" / "tenant.md").read_text() == rendered(), "run `make generate` and commit the result"


def test_every_picture_is_well_formed_and_described() -> None:
    pictures = sorted((ROOT / "docs").glob("*.svg"))
    assert pictures
    for picture in pictures:
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(picture).iter()}
        assert {"title", "desc"} <= tags
        assert "prefers-color-scheme: dark" in picture.read_text()


def test_the_readme_has_the_two_commands_and_names_the_licence() -> None:
    said = [command for page, command in commands() if page.name == "README.md" and page.parent == ROOT]

    assert "make demo" in said
    assert "make test" in said
    assert "Apache" in (ROOT / "README.md").read_text()
