from pathlib import Path

import pytest

from ringfence_dataplane.credentials import Credentials, MissingCredential


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "redis-password").write_text("s3cret-value\n")
    (tmp_path / "cache-key").write_text("ab" * 32 + "\n")
    (tmp_path / "short-key").write_text("s3cret-value")
    (tmp_path / "binary").write_bytes(b"\xff\xfes3cret-value")
    (tmp_path / "empty").write_text("\n")
    return tmp_path


def test_text_and_keys_are_read_without_the_line_end(directory: Path) -> None:
    credentials = Credentials(directory)
    assert credentials.text("redis-password") == "s3cret-value"
    assert credentials.key("cache-key") == b"\xab" * 32
    assert credentials.path("cache-key") == directory / "cache-key"
    assert credentials.has("cache-key")
    assert not credentials.has("llm-api-key")


@pytest.mark.parametrize("name", ["absent", "empty", "binary", "../redis-password", "", ".hidden"])
def test_a_bad_credential_is_named_and_its_content_is_not(directory: Path, name: str) -> None:
    with pytest.raises(MissingCredential) as caught:
        Credentials(directory).text(name)
    assert name in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_key_of_the_wrong_form_is_refused_without_showing_it(directory: Path) -> None:
    with pytest.raises(MissingCredential) as caught:
        Credentials(directory).key("short-key")
    assert "short-key" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_repr_shows_nothing(directory: Path) -> None:
    credentials = Credentials(directory)
    credentials.text("redis-password")
    assert repr(credentials) == "Credentials(…)"
