"""Seals cached values (AES-256-GCM): who can write to the cache can neither read, change nor move a tenant's values."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
_NONCE_BYTES = 12


class BrokenSeal(Exception):
    """A value is not what this tenant put under this key: altered, moved, cut off, or sealed with another key."""


class Seal:
    """Binds every value to its tenant and its full key."""

    def __init__(self, key: bytes, tenant_id: str) -> None:
        self._cipher = AESGCM(key)
        self._tenant_id = tenant_id

    def __repr__(self) -> str:
        return "Seal(…)"

    def close(self, key: str, value: bytes) -> bytes:
        """Version, nonce, ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return VERSION + nonce + self._cipher.encrypt(nonce, value, self._bound_to(key))

    def open(self, key: str, sealed: bytes) -> bytes:
        """What was sealed for `key`.

        Raises:
            BrokenSeal: it was not.
        """
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if sealed[:1] != VERSION or len(nonce) < _NONCE_BYTES:
            raise BrokenSeal
        try:
            return self._cipher.decrypt(nonce, ciphertext, self._bound_to(key))
        except InvalidTag:
            raise BrokenSeal from None

    def _bound_to(self, key: str) -> bytes:
        # Tenant names hold no colon, so that two pairs of tenant and key never give the same text.
        return VERSION + f"{self._tenant_id}:{key}".encode()
