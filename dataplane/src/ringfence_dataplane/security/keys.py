"""Keys that sign tokens: one shared key in development, an identity provider's JSON Web Key Set otherwise."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from ringfence_dataplane.ports import Unavailable

FRESH_SECONDS = 300.0
# While the identity provider does not answer, known keys go on working for this long.
STALE_SECONDS = 3600.0
# An unknown key id makes the set be fetched again, but not more often: ids are the caller's to invent.
REFRESH_SECONDS = 30.0
FETCH_SECONDS = 5.0
MAX_BYTES = 256 * 1024
MIN_RSA_BITS = 2048
# Keys of some smart cards and TPMs can be factored (CVE-2017-15361): modulo each of these their modulus is a power
# of 65537, which a random modulus practically never is for all of them.
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)

Key = OctKey | RSAKey
Fetch = Callable[[], Awaitable[bytes]]


class UnknownKey(Exception):
    """No key, or more than one, answers to a token's key id."""


class KeySource(Protocol):
    """Finds the key that a token says it was signed with."""

    async def find(self, kid: str | None) -> Key:
        """The one key for `kid`; without a `kid`, the only key there is.

        Raises:
            UnknownKey: there is no such key, or it is not the only one.
            Unavailable: keys have never been fetched, or too long ago.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class SharedKey:
    """The HS256 key of a development tenant. A token's `kid` does not matter."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("an HS256 key needs at least 32 bytes")
        self._key = OctKey.import_key(secret)

    def __repr__(self) -> str:
        return "SharedKey(…)"

    async def find(self, kid: str | None) -> Key:  # noqa: ARG002 - one key answers to every id
        """The shared key."""
        return self._key

    async def close(self) -> None:
        """Nothing to close."""


class KeySet:
    """RSA keys of a JSON Web Key Set, fetched when needed and kept for a while."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: list[RSAKey] = []
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, kid: str | None) -> Key:
        """As `KeySource.find`."""
        if self._clock() - self._fetched_at > FRESH_SECONDS:
            await self._refresh()
        found = self._matching(kid)
        if not found:
            await self._refresh()
            found = self._matching(kid)
        if self._clock() - self._fetched_at > STALE_SECONDS:
            raise Unavailable("identity provider", "its key set cannot be fetched")
        if len(found) != 1:
            raise UnknownKey("no single key of the issuer's key set answers to the token's `kid`")
        return found[0]

    async def close(self) -> None:
        """Nothing to close: the fetcher's owner closes it."""

    def _matching(self, kid: str | None) -> list[RSAKey]:
        return [key for key in self._keys if kid is None or key.kid == kid]

    async def _refresh(self) -> None:
        async with self._lock:  # callers who waited find the time already set
            if self._clock() - self._tried_at < REFRESH_SECONDS:
                return
            self._tried_at = self._clock()
            try:
                self._keys = usable_keys(await asyncio.wait_for(self._fetch(), FETCH_SECONDS))
            except (TimeoutError, httpx.HTTPError, OSError, ValueError):
                return  # what is known stays; `find` decides whether it is still good enough
            self._fetched_at = self._clock()


def usable_keys(document: bytes) -> list[RSAKey]:
    """RSA signing keys of a key set; keys that RS256 must not use are left out.

    Raises:
        ValueError: the document is no key set.
    """
    try:
        entries = json.loads(document)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("the document is no JSON Web Key Set") from None
    if not isinstance(entries, list):
        raise ValueError("the document is no JSON Web Key Set")
    return [key for entry in entries if (key := _usable(entry)) is not None]


def _usable(entry: Any) -> RSAKey | None:
    if not isinstance(entry, dict) or entry.get("kty") != "RSA":
        return None
    if entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        # Only what verification needs: a private part published by mistake is not kept.
        key = RSAKey.import_key({name: entry[name] for name in ("kty", "n", "e", "kid") if name in entry})
        numbers = key.public_key.public_numbers()
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if numbers.n.bit_length() < MIN_RSA_BITS or numbers.e < 3 or numbers.e % 2 == 0 or _factorable(numbers.n):
        return None
    return key


def _factorable(modulus: int) -> bool:
    return all(modulus % prime in {pow(65537, power, prime) for power in range(prime)} for prime in _ROCA_PRIMES)


class JwksFetcher:
    """Fetches a key set over HTTP: no redirects (they could lead anywhere), a bounded answer, a deadline."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.AsyncClient(follow_redirects=False, timeout=FETCH_SECONDS, trust_env=False)

    async def __call__(self) -> bytes:
        """Body of the document; raises httpx.HTTPError or ValueError."""
        async with self._client.stream("GET", self._url, headers={"accept": "application/json"}) as response:
            if response.status_code != httpx.codes.OK:
                raise ValueError(f"the key set's server answered {response.status_code}")
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > MAX_BYTES:
                    raise ValueError("the key set is too large")
            return bytes(body)

    async def close(self) -> None:
        """Close the connection pool."""
        await self._client.aclose()
