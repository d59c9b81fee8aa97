"""The command: what it says when it cannot start."""

from pathlib import Path

import pytest

from ringfence_dataplane.main import main
from tests.unit.dataplane.support.service import binding


def run(directory: Path) -> int:
    return main(["serve", "--binding", str(directory / "binding.json"), "--credentials", str(directory)])


def said(capsys: pytest.CaptureFixture[str]) -> str:
    [line] = capsys.readouterr().err.splitlines()
    return line


def test_a_missing_binding_is_one_clear_line_and_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 2
    assert "binding.json" in said(capsys)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"tenant": 7}'])
def test_a_bad_binding_is_one_clear_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "binding.json").write_text(text)
    assert run(tmp_path) == 2
    assert "no Binding of this version" in said(capsys)


def test_a_field_that_the_binding_does_not_have_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = binding().to_json().replace('"tenant": "acme"', '"tenant": "acme", "surprise": 1')
    (tmp_path / "binding.json").write_text(text)
    assert run(tmp_path) == 2
    assert "surprise" in said(capsys)


def test_a_missing_credential_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "binding.json").write_text(binding().to_json())
    assert run(tmp_path) == 2
    assert "credential file" in said(capsys)
