"""What the harness asks for and says before it touches the machine."""

import stat
from pathlib import Path
from string import Template

import pytest
import yaml

from e2e.cluster import cilium_source, cluster
from e2e.cluster.commands import run, succeeds, until
from e2e.cluster.errors import HarnessError
from e2e.cluster.locks import exclusive

MANIFESTS = sorted((Path(cluster.__file__).parent / "manifests").glob("*.yaml"))
VALUES = {
    "domain": "cluster.local",
    "dns_address": "192.0.2.10",
    "image": "image:dev",
    "volumes": "/volumes",
    "port": "4443",
    "node_address": "192.0.2.1",
    "ca_bundle": "Q0E=",
}


def given(tmp_path: Path, load_command: str) -> cluster.Cluster:
    return cluster.Cluster(tmp_path / "kubeconfig", Path("kubectl"), Path("helm"), own=False, load_command=load_command)


def test_a_given_cluster_gets_images_by_the_command_of_its_owner(tmp_path: Path) -> None:
    archive, copy = tmp_path / "an image.tar", tmp_path / "loaded"
    archive.write_text("image")
    given(tmp_path, f"cp {{archive}} {copy}").load_image(archive)
    assert copy.read_text() == "image"


def test_a_given_cluster_without_such_a_command_is_told_which_variable_to_set(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="set E2E_IMAGE_LOAD"):
        given(tmp_path, "").load_image(tmp_path / "image.tar")


def test_a_given_cluster_that_does_not_answer_is_named_and_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("kubectl", "helm"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "gone"))
    with pytest.raises(HarnessError, match="does not answer: start it, or unset KUBECONFIG"):
        cluster.up()


def test_nothing_runs_where_no_cluster_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert set(cluster.status()) == set(cluster.PARTS)
    assert not any(cluster.status().values())


def test_ending_a_cluster_that_was_never_made_touches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    cluster.down(said.append)
    assert said == ["There is no cluster of our own on this machine."]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
def test_a_manifest_is_whole_once_its_values_are_filled_in(manifest: Path) -> None:
    documents = list(yaml.safe_load_all(Template(manifest.read_text()).substitute(VALUES)))
    assert documents
    assert all(document["metadata"]["name"] for document in documents)


def test_one_path_of_ciliums_source_is_changed_and_a_new_layout_is_refused() -> None:
    changed = cilium_source.patched('const (\n\tloadedModulesFilepath = "/proc/modules"\n)\n')
    assert changed == f'const (\n\tloadedModulesFilepath = "{cilium_source.LOADED_MODULES}"\n)\n'
    with pytest.raises(HarnessError, match="no longer reads /proc/modules"):
        cilium_source.patched("package modules\n")


def test_a_command_that_fails_is_shown_with_what_it_said() -> None:
    with pytest.raises(HarnessError, match="failed with status 3: the reason"):
        run(["sh", "-c", "echo the reason >&2; exit 3"], timeout=10)


def test_a_command_that_takes_too_long_is_ended() -> None:
    with pytest.raises(HarnessError, match="took longer than 0 s"):
        run(["sleep", "60"], timeout=0.05)


def test_a_missing_program_is_named_with_its_cure() -> None:
    with pytest.raises(HarnessError, match="run `make provision`"):
        run(["no-such-program"], timeout=1)
    assert not succeeds(["no-such-program"], timeout=1)


def test_waiting_ends_with_the_first_result_or_says_what_did_not_happen() -> None:
    answers = iter([None, False, "answer"])
    assert until(lambda: next(answers), what="an answer", timeout=5, pause=0) == "answer"
    with pytest.raises(HarnessError, match="an answer did not happen"):
        until(lambda: None, what="an answer", timeout=0, pause=0)


def test_a_lock_that_is_held_makes_others_wait_and_then_say_for_what(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with (
        exclusive(path, what="builds", timeout=1),
        pytest.raises(HarnessError, match="the end of another run's builds"),
        exclusive(path, what="builds", timeout=0),
    ):
        pass
    with exclusive(path, what="builds", timeout=0):
        pass
