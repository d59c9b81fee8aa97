"""The certificates of the test cluster say who holds them, and their keys are for their owner alone."""

import stat
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from e2e.cluster.addresses import API_SERVICE_ADDRESS, API_URL, NODE_ADDRESS, NODE_NAME
from e2e.cluster.credentials import create
from e2e.cluster.paths import Layout
from e2e.cluster.pki import Authority, Pair, write_signing_key


def certificate(pair: Pair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate.read_bytes())


def test_a_client_certificate_names_its_user_and_groups_and_serves_nothing(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    found = certificate(authority.client("kubelet", "system:node:a", ["system:nodes"]))
    found.verify_directly_issued_by(certificate(authority.files))
    assert [one.value for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["system:node:a"]
    assert [one.value for one in found.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["system:nodes"]
    usage = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_server_certificate_holds_every_name_and_address(tmp_path: Path) -> None:
    found = certificate(Authority(tmp_path, "ca").server("server", ["localhost", "127.0.0.1"]))
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_no_key_is_readable_by_others(tmp_path: Path) -> None:
    create(Layout(tmp_path))
    secrets = [*tmp_path.rglob("*.key"), *tmp_path.rglob("*kubeconfig")]
    assert len(secrets) > 15
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    assert stat.S_IMODE((tmp_path / "pki").stat().st_mode) == 0o700


def test_every_part_has_credentials_and_the_api_server_answers_for_its_addresses(tmp_path: Path) -> None:
    credentials = create(Layout(tmp_path))
    names = certificate(credentials.pair("apiserver")).extensions
    addresses = names.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.IPAddress)
    assert {NODE_ADDRESS, API_SERVICE_ADDRESS} <= {str(address) for address in addresses}
    kubelet = certificate(credentials.pair("kubelet")).subject.rfc4514_string()
    assert kubelet == f"CN=system:node:{NODE_NAME},O=system:nodes"
    config = yaml.safe_load(Layout(tmp_path).kubeconfig.read_text())
    assert config["clusters"][0]["cluster"]["server"] == API_URL
    assert "insecure-skip-tls-verify" not in config["clusters"][0]["cluster"]


def test_only_the_front_proxy_is_signed_by_the_authority_that_may_speak_for_others(tmp_path: Path) -> None:
    credentials = create(Layout(tmp_path))
    issuer = certificate(credentials.authority("front-proxy")).subject
    issued = [path for path in (tmp_path / "pki").glob("*.crt") if _issuer(path) == issuer]
    assert {path.name for path in issued} == {"front-proxy-ca.crt", "front-proxy.crt"}


def test_the_public_half_of_the_signing_key_is_no_secret_and_no_certificate(tmp_path: Path) -> None:
    pair = write_signing_key(tmp_path, "accounts")
    load_pem_public_key(pair.certificate.read_bytes())
    assert b"PRIVATE" not in pair.certificate.read_bytes()


def _issuer(path: Path) -> x509.Name:
    return x509.load_pem_x509_certificate(path.read_bytes()).issuer
