"""Throw-away certificates: an authority, servers and clients, as PEM texts and files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

ORGANIZATION = "Ringfence tests"
UNIT = "servers"


@dataclass(frozen=True)
class Identity:
    """A certificate chain and its key, PEM. `name` is the subject as RFC 4514 writes it (`CN=…,OU=…,O=…`)."""

    certificate: str
    key: str
    name: str

    def __repr__(self) -> str:
        return f"Identity({self.name})"


class Authority:
    """A certificate authority that lives as long as this object."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self.certificate = self._ca.cert_pem.bytes().decode()

    def issue(self, common_name: str, *identities: str) -> Identity:
        """Issue a certificate for server and client use; `identities` are its DNS names and IP addresses."""
        issued = self._ca.issue_cert(
            *(identities or (common_name,)),
            common_name=common_name,
            organization_name=ORGANIZATION,
            organization_unit_name=UNIT,
        )
        key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), password=None)
        # Java reads no key form but PKCS #8.
        pkcs8 = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain = "".join(pem.bytes().decode() for pem in issued.cert_chain_pems)
        subject = x509.load_pem_x509_certificate(chain.encode()).subject
        return Identity(chain, pkcs8.decode(), subject.rfc4514_string())


@dataclass(frozen=True)
class IdentityFiles:
    certificate: Path
    key: Path


def write_identity(folder: Path, name: str, identity: Identity) -> IdentityFiles:
    """Write `name.crt` and `name.key` (readable by their owner alone) into `folder`."""
    files = IdentityFiles(folder / f"{name}.crt", folder / f"{name}.key")
    files.certificate.write_text(identity.certificate)
    files.key.touch(mode=0o600)
    files.key.write_text(identity.key)
    return files
