"""The command line: exit statuses, and what goes to stdout and stderr."""

from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from typer.testing import CliRunner, Result

from ringfence_operator.cli.dev.binding import embedded_binding
from ringfence_operator.cli.dev.folder import DataFolder, TenantFolder
from ringfence_operator.cli.main import app
from tests.unit.cli.samples import tenant
from tests.unit.cli.test_tenant_files import VALID


def ringfence(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def served(tmp_path: Path) -> TenantFolder:
    """What `ringfence dev` leaves of acme."""
    folder = DataFolder(tmp_path).tenant("acme")
    folder.prepare()
    folder.write(embedded_binding(tenant(), folder, "http://127.0.0.1:9/v1"))
    return folder


def test_a_bad_tenant_file_ends_with_status_2_and_the_place(tmp_path: Path) -> None:
    file = tmp_path / "tenant.yaml"
    file.write_text((VALID % "acme").replace("model: small", "modle: small"))

    done = ringfence("dev", "-f", file, "--data-dir", tmp_path / "data")

    assert done.exit_code == 2
    assert f"{file}:10: spec.llm.modle: unknown field; did you mean `model`?" in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "data").exists()


def test_questions_that_cannot_be_read_end_with_status_2(tmp_path: Path) -> None:
    file = tmp_path / "tenant.yaml"
    file.write_text(VALID % "acme")

    done = ringfence("dev", "-f", file, "--questions", tmp_path / "nowhere.yaml", "--data-dir", tmp_path / "data")

    assert done.exit_code == 2
    assert "nowhere.yaml: cannot be read" in done.stderr


def test_a_folder_in_use_ends_with_status_1_and_the_option(tmp_path: Path) -> None:
    file = tmp_path / "tenant.yaml"
    file.write_text(VALID % "acme")
    with DataFolder(tmp_path / "data").held():
        done = ringfence("dev", "-f", file, "--data-dir", tmp_path / "data")

    assert done.exit_code == 1
    assert "--data-dir" in done.stderr


def test_token_prints_only_the_token(tmp_path: Path, served: TenantFolder) -> None:
    done = ringfence("token", "acme", "--data-dir", tmp_path, "--permission", "documents:read", "--user", "reader")

    assert done.exit_code == 0
    assert done.stdout.count("\n") == 1
    claims = jwt.decode(done.stdout.strip(), OctKey.import_key(served.token_key().encode()), ["HS256"]).claims
    assert (claims["tenant_id"], claims["user_id"]) == ("acme", "reader")
    assert claims["permissions"] == ["documents:read"]


def test_token_takes_issuer_and_audience_from_a_file(tmp_path: Path, served: TenantFolder) -> None:
    file = tmp_path / "tenant.yaml"
    file.write_text((VALID % "acme").replace("https://login.example.com", "https://other.example.com"))

    done = ringfence("token", "acme", "-f", file, "--data-dir", tmp_path)

    claims = jwt.decode(done.stdout.strip(), OctKey.import_key(served.token_key().encode()), ["HS256"]).claims
    assert claims["iss"] == "https://other.example.com"
    wrong = ringfence("token", "globex", "-f", file, "--data-dir", tmp_path)
    assert (wrong.exit_code, wrong.stdout) == (1, "")


def test_a_token_of_a_tenant_that_was_never_served_says_what_to_run(tmp_path: Path) -> None:
    done = ringfence("token", "acme", "--data-dir", tmp_path)

    assert (done.exit_code, done.stdout) == (1, "")
    assert "run it first" in done.stderr


def test_cluster_and_folder_at_once_are_refused(tmp_path: Path) -> None:
    done = ringfence("token", "acme", "--cluster", "--data-dir", tmp_path)

    assert done.exit_code == 2
    assert "leave out" in done.stderr


def test_the_version_is_told() -> None:
    assert ringfence("--version").stdout.startswith("ringfence 0.")
