"""A tenant's credentials as a value, and the files by which its data plane gets them."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from ringfence_api import binding

_BYTES = 32
"""Of every generated credential: 256 bits, so that a plain SHA-256 of one gives nothing away."""
_HEX_LENGTH = 2 * _BYTES


@dataclass(frozen=True, slots=True)
class Credentials:
    """Generated once per tenant, hexadecimal. API keys come from Secrets that the platform has labelled."""

    opensearch_password: str = field(repr=False)
    redis_password: str = field(repr=False)
    cache_key: str = field(repr=False)
    manifest_key: str = field(repr=False)
    token_key: str = field(repr=False)
    llm_api_key: str | None = field(default=None, repr=False)
    embedding_api_key: str | None = field(default=None, repr=False)

    @classmethod
    def completed(
        cls,
        stored: Mapping[str, str],
        *,
        llm_api_key: str | None = None,
        embedding_api_key: str | None = None,
    ) -> Self:
        """What `stored` (file name → content) holds; what is missing there, or is no key, is generated."""
        return cls(
            opensearch_password=_kept_or_new(stored.get(binding.OPENSEARCH_PASSWORD)),
            redis_password=_kept_or_new(stored.get(binding.REDIS_PASSWORD)),
            cache_key=_kept_or_new(stored.get(binding.CACHE_KEY)),
            manifest_key=_kept_or_new(stored.get(binding.MANIFEST_KEY)),
            token_key=_kept_or_new(stored.get(binding.TOKEN_KEY)),
            llm_api_key=llm_api_key,
            embedding_api_key=embedding_api_key,
        )

    def files(self) -> dict[str, str]:
        """Name and content of every credential file; an absent API key has none."""
        found = {
            binding.OPENSEARCH_PASSWORD: self.opensearch_password,
            binding.REDIS_PASSWORD: self.redis_password,
            binding.CACHE_KEY: self.cache_key,
            binding.MANIFEST_KEY: self.manifest_key,
            binding.TOKEN_KEY: self.token_key,
            binding.LLM_API_KEY: self.llm_api_key,
            binding.EMBEDDING_API_KEY: self.embedding_api_key,
        }
        return {name: content for name, content in found.items() if content is not None}


def fingerprint(secret: str) -> str:
    """SHA-256 in hexadecimal: tells whether two generated credentials are the same one."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _kept_or_new(stored: str | None) -> str:
    # A truncated or hand-typed key would be a weak one: it counts as missing.
    if stored is not None and len(stored) == _HEX_LENGTH and set(stored) <= set("0123456789abcdef"):
        return stored
    return secrets.token_hex(_BYTES)
