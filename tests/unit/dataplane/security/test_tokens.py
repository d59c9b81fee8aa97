"""Tokens that must not get in, and the few that may."""

import base64
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

from ringfence_dataplane.security.keys import KeySet, SharedKey
from ringfence_dataplane.security.tokens import InvalidToken, TokenVerifier
from tests.unit.dataplane.support.service import KEY, binding, token


def verifier(**changes: Any) -> TokenVerifier:
    return TokenVerifier(binding().auth.model_copy(update=changes), SharedKey(KEY.encode()))


def signed(payload: bytes, header: dict[str, Any] | None = None, key: str = KEY) -> str:
    return jws.serialize_compact(header or {"alg": "HS256"}, payload, OctKey.import_key(key), algorithms=["HS256"])


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_a_good_token_says_who_is_calling() -> None:
    caller = await verifier().verify(token())
    assert (caller.tenant_id, caller.user_id) == ("acme", "user-1")
    assert caller.permissions == {"documents:read", "documents:write"}


async def test_sub_stands_in_for_user_id_and_no_permissions_are_none() -> None:
    caller = await verifier().verify(token(user_id=None, sub="someone", permissions=None))
    assert caller.user_id == "someone"
    assert caller.permissions == frozenset()


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_access_token_types_are_accepted(kind: str) -> None:
    assert await verifier().verify(token(header={"alg": "HS256", "typ": kind}))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": timedelta(seconds=-31)},
        {"exp": "never"},
        {"exp": True},
        {"exp": -1},
        {"exp": 1e300},
        {"nbf": timedelta(seconds=120)},
        {"iat": timedelta(seconds=120)},
        {"iat": "yesterday"},
        {"iss": None},
        {"iss": "https://login.example/"},
        {"iss": ["https://login.example"]},
        {"aud": None},
        {"aud": "other"},
        {"aud": ["other", "another"]},
        {"aud": "ringfence2"},
        {"aud": {"ringfence": 1}},
        {"tenant_id": None},
        {"tenant_id": ""},
        {"tenant_id": ["acme"]},
        {"tenant_id": 7},
        {"user_id": None},
        {"user_id": ""},
        {"user_id": 7},
        {"user_id": "a\nb"},
        {"user_id": "x" * 257},
        {"permissions": "documents:read"},
        {"permissions": [1]},
    ],
)
async def test_a_claim_that_is_missing_or_wrong_is_refused(claims: dict[str, Any]) -> None:
    # Relative times become absolute here: the list above is read long before the test runs.
    now = time.time()
    told: dict[str, Any] = {
        key: int(now + value.total_seconds()) if isinstance(value, timedelta) else value
        for key, value in claims.items()
    }
    with pytest.raises(InvalidToken):
        await verifier().verify(token(**told))


async def test_an_audience_among_several_is_enough() -> None:
    assert await verifier().verify(token(aud=["other", "ringfence"]))


async def test_a_clock_may_differ_by_the_leeway_but_never_by_more_than_a_minute() -> None:
    assert await verifier().verify(token(exp=int(time.time()) - 10))
    with pytest.raises(InvalidToken):
        await verifier(leeway_seconds=3600).verify(token(exp=int(time.time()) - 120))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256", "typ": "secevent+jwt"},
        {"alg": "HS256", "typ": 7},
        {"alg": "HS256", "crit": ["exp"], "exp": 1},
        {"alg": "HS256", "b64": True},
        {"alg": "HS256", "kid": ["x"]},
        {"alg": "HS256", "kid": "k" * 300},
    ],
)
async def test_a_header_that_demands_something_else_is_refused(header: dict[str, Any]) -> None:
    body = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    _, claims, signature = token().split(".")
    with pytest.raises(InvalidToken):
        await verifier().verify(f"{body}.{claims}.{signature}")


@pytest.mark.parametrize("alg", ["none", "None", "HS384", "HS512", "RS256", "ES256", "", None, ["HS256"]])
async def test_only_the_pinned_algorithm_counts(alg: object) -> None:
    header = base64.urlsafe_b64encode(json.dumps({"alg": alg}).encode()).rstrip(b"=").decode()
    _, claims, signature = token().split(".")
    for end in (signature, ""):
        with pytest.raises(InvalidToken):
            await verifier().verify(f"{header}.{claims}.{end}")


async def test_a_public_rsa_key_is_no_hmac_secret() -> None:
    rsa = RSAKey.generate_key(2048, {"kid": "one"})

    async def fetch() -> bytes:
        return json.dumps({"keys": [rsa.as_dict(private=False)]}).encode()

    rs256 = binding().auth.model_copy(update={"algorithm": "RS256", "jwks_uri": "https://login.example/jwks"})
    header = _encoded(b'{"alg": "HS256", "kid": "one"}')
    claims = token().split(".")[1]
    mac = hmac.digest(rsa.as_pem(private=False), f"{header}.{claims}".encode(), "sha256")
    forged = f"{header}.{claims}.{_encoded(mac)}"
    with pytest.raises(InvalidToken):
        await TokenVerifier(rs256, KeySet(fetch)).verify(forged)


@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"[]", b'"x"', b"{", b'{"exp": NaN}', b'{"exp": 1, "exp": 2}', b"\xff\xfe", b"[" * 4000],
)
async def test_a_payload_that_is_no_plain_object_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidToken):
        await verifier().verify(signed(payload))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c.d", "e30.e30.", " ", "a" * 9000, "é.é.é", "a=.b=.c="])
async def test_text_that_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        await verifier().verify(text)


async def test_no_single_changed_character_gets_through() -> None:
    good = token()
    for place in range(0, len(good), 7):
        other = "A" if good[place] != "A" else "B"
        with pytest.raises(InvalidToken):
            await verifier().verify(good[:place] + other + good[place + 1 :])


async def test_spare_bits_do_not_make_a_second_spelling() -> None:
    good = token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spelled = [good[:-1] + last for last in alphabet if last != good[-1]]
    for other in spelled:
        with pytest.raises(InvalidToken):
            await verifier().verify(other)


async def test_a_foreign_key_is_refused_and_what_the_token_claims_is_kept_apart() -> None:
    with pytest.raises(InvalidToken) as caught:
        await verifier().verify(token("g" * 64, tenant_id="globex"))
    assert caught.value.claimed_tenant == "globex"
    assert "globex" not in str(caught.value)
