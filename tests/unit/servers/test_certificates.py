from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from tests.servers.certificates import Authority, write_identity


def test_a_subject_is_written_as_opensearch_compares_it() -> None:
    issued = Authority().issue("ringfence-admin")

    assert issued.name == "CN=ringfence-admin,OU=servers,O=Ringfence tests"


def test_keys_are_in_the_form_that_java_reads() -> None:
    assert Authority().issue("node").key.startswith("-----BEGIN PRIVATE KEY-----")


def test_a_certificate_names_its_hosts() -> None:
    issued = Authority().issue("redis", "localhost", "127.0.0.1")

    certificate = x509.load_pem_x509_certificate(issued.certificate.encode())
    extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    assert isinstance(extension.value, x509.SubjectAlternativeName)
    assert [str(name.value) for name in extension.value] == ["localhost", "127.0.0.1"]


def test_a_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    files = write_identity(tmp_path, "node", Authority().issue("node"))

    assert files.key.stat().st_mode & 0o777 == 0o600


def test_an_identity_does_not_show_its_key() -> None:
    assert "PRIVATE" not in repr(Authority().issue("node"))
