"""The data folder keeps keys to this user and one run at a time."""

import stat
from pathlib import Path

import pytest

from ringfence_operator.cli.dev.folder import DataFolder, FolderUnusable


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_are_random_and_readable_by_this_user_only(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    for name in ("acme", "globex"):
        folder.tenant(name).prepare()

    acme, globex = folder.tenant("acme"), folder.tenant("globex")
    files = sorted(acme.credentials.iterdir())
    assert [file.name for file in files] == ["cache-key", "manifest-key", "token-key"]
    assert {mode(file) for file in files} == {0o600}
    assert {mode(path) for path in (acme.path, acme.credentials, acme.vectors)} == {0o700}
    keys = [file.read_text() for tenant in (acme, globex) for file in tenant.credentials.iterdir()]
    assert len(set(keys)) == 6
    assert {len(bytes.fromhex(key)) for key in keys} == {32}


def test_keys_outlive_a_run_so_that_tokens_do_too(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path).tenant("acme")
    folder.prepare()
    first = folder.token_key()

    folder.prepare()

    assert folder.token_key() == first


def test_a_key_that_was_cut_short_is_made_again(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path).tenant("acme")
    folder.prepare()
    (folder.credentials / "cache-key").write_text("")
    (folder.credentials / "cache-key.part").write_text("half")

    folder.prepare()

    assert len((folder.credentials / "cache-key").read_text()) == 64


def test_a_second_run_in_the_same_folder_is_told_what_to_do(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path).held(),
        pytest.raises(FolderUnusable, match="--data-dir"),
        DataFolder(tmp_path).held(),
    ):
        pass
    with DataFolder(tmp_path).held():
        pass


def test_a_folder_that_cannot_be_made_is_told_with_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(FolderUnusable, match="Not a directory: name another folder with --data-dir"),
        DataFolder(tmp_path / "file" / "data").held(),
    ):
        pass
