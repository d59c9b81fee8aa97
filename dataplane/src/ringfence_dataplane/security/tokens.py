"""Verification of bearer tokens (RFC 7519, RFC 8725): one pinned algorithm, required claims, nothing optional."""

import base64
import binascii
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from ringfence_api.binding import AuthBinding
from ringfence_dataplane.security.keys import KeySource, UnknownKey

MAX_TOKEN_CHARACTERS = 8192
MAX_LEEWAY_SECONDS = 60
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ACCEPTED_TYPES = {"jwt", "at+jwt", "application/at+jwt", "application/jwt"}


class InvalidToken(Exception):
    """A token is not accepted. The message says why without repeating any of it.

    `claimed_tenant` is what the token says of itself where its signature could not be verified: good for refusing
    more precisely, never for letting in.
    """

    def __init__(self, reason: str, claimed_tenant: str = "") -> None:
        super().__init__(reason)
        self.claimed_tenant = claimed_tenant


@dataclass(frozen=True, slots=True)
class Caller:
    """What a verified token says."""

    tenant_id: str
    user_id: str
    permissions: frozenset[str]


class TokenVerifier:
    """Verifies tokens against one Binding's rules."""

    def __init__(self, auth: AuthBinding, keys: KeySource, clock: Callable[[], float] = time.time) -> None:
        self._auth = auth
        self._keys = keys
        self._clock = clock
        self._leeway = min(auth.leeway_seconds, MAX_LEEWAY_SECONDS)

    async def verify(self, token: str) -> Caller:
        """The caller whom `token` stands for.

        Raises:
            InvalidToken: anything about it is not as it must be.
            Unavailable: the issuer's keys cannot be had.
        """
        header = self._header(token)
        try:
            key = await self._keys.find(_kid(header))
            signed = jws.deserialize_compact(token, key, algorithms=[self._auth.algorithm])
        except UnknownKey as error:
            raise InvalidToken(str(error), _claimed_tenant(token)) from None
        except (JoseError, ValueError, TypeError):
            raise InvalidToken("the signature does not verify", _claimed_tenant(token)) from None
        claims = _object(signed.payload, "the payload")
        self._check_claims(claims)
        return _caller(claims)

    async def close(self) -> None:
        """Let go of the key source."""
        await self._keys.close()

    def _header(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_CHARACTERS or not _FORM.fullmatch(token):
            raise InvalidToken("it is no compact JSON Web Token")
        parts = [_decode(part) for part in token.split(".")]
        header = _object(parts[0], "the header")
        if header.get("alg") != self._auth.algorithm:
            raise InvalidToken(f"the algorithm must be {self._auth.algorithm}")
        if "crit" in header or "b64" in header:
            raise InvalidToken("the header demands extensions that are not supported")
        kind = header.get("typ", "JWT")
        if not isinstance(kind, str) or kind.lower() not in _ACCEPTED_TYPES:
            raise InvalidToken("`typ` must be JWT or at+jwt")
        return header

    def _check_claims(self, claims: dict[str, Any]) -> None:
        now = self._clock()
        if _moment(claims, "exp", required=True) + self._leeway <= now:
            raise InvalidToken("the token has expired")
        for claim in ("nbf", "iat"):
            if _moment(claims, claim, required=False) - self._leeway > now:
                raise InvalidToken(f"`{claim}` lies in the future")
        if claims.get("iss") != self._auth.issuer:
            raise InvalidToken("`iss` is not this tenant's issuer")
        audience = claims.get("aud")
        if self._auth.audience not in (audience if isinstance(audience, list) else [audience]):
            raise InvalidToken("`aud` does not name this service")


def _claimed_tenant(token: str) -> str:
    """What an unverified token says of itself."""
    try:
        claimed = _object(_decode(token.split(".")[1]), "the payload").get("tenant_id")
    except InvalidToken:
        return ""
    return claimed if isinstance(claimed, str) else ""


def _decode(part: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise InvalidToken("it is not base64url") from None
    # Spare bits would let one signature stand for several spellings of a token.
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        raise InvalidToken("it is not canonical base64url")
    return raw


def _object(raw: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidToken(f"{what} is no well-formed JSON") from None
    if not isinstance(value, dict):
        raise InvalidToken(f"{what} is no JSON object")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name occurs twice")
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _kid(header: dict[str, Any]) -> str | None:
    kid = header.get("kid")
    if kid is not None and (not isinstance(kid, str) or len(kid) > 256):
        raise InvalidToken("`kid` must be a short text")
    return kid


def _moment(claims: dict[str, Any], claim: str, *, required: bool) -> float:
    if claim not in claims and not required:
        return 0.0
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise InvalidToken(f"`{claim}` must be a time in seconds")
    return float(value)


def _caller(claims: dict[str, Any]) -> Caller:
    tenant_id = claims.get("tenant_id")
    user_id = claims.get("user_id", claims.get("sub"))
    permissions = claims.get("permissions", [])
    if not isinstance(tenant_id, str) or not tenant_id:
        raise InvalidToken("the claim `tenant_id` is missing")
    if not isinstance(user_id, str) or not 0 < len(user_id) <= 256 or not user_id.isprintable():
        raise InvalidToken("the claim `user_id` (or `sub`) is missing")
    if not isinstance(permissions, list) or not all(isinstance(name, str) for name in permissions):
        raise InvalidToken("`permissions` must be a list of texts")
    return Caller(tenant_id, user_id, frozenset(permissions))
