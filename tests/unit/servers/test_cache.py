from pathlib import Path

import pytest

from tests.servers.cache import provisioned


def test_a_folder_is_built_once(tmp_path: Path) -> None:
    builds = []

    def build(folder: Path) -> None:
        builds.append(folder)
        (folder / "file").write_text("content")

    first = provisioned(tmp_path / "thing-1", build)
    second = provisioned(tmp_path / "thing-1", build)

    assert first == second == tmp_path / "thing-1"
    assert (first / "file").read_text() == "content"
    assert len(builds) == 1


def test_an_interrupted_build_never_looks_finished(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        provisioned(tmp_path / "thing-1", interrupted)

    assert not (tmp_path / "thing-1").exists()
    whole = provisioned(tmp_path / "thing-1", lambda folder: (folder / "whole").touch())
    assert [path.name for path in whole.iterdir()] == ["whole"]
