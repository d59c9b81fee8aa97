"""Development tokens say what the data plane asks for."""

import time

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import OctKey

from ringfence_api.binding import AuthBinding
from ringfence_operator.cli.dev_tokens import mint

AUTH = AuthBinding(issuer="https://login.example.com", audience="ringfence", algorithm="HS256", leeway_seconds=30)
KEY, OTHER_KEY = "a" * 64, "b" * 64


def test_a_token_carries_every_claim_that_is_required_and_ends_in_time() -> None:
    token = jwt.decode(mint("acme", AUTH, KEY, lifetime_seconds=60), OctKey.import_key(KEY.encode()), ["HS256"])

    assert token.header == {"alg": "HS256", "typ": "JWT"}
    claims = token.claims
    assert (claims["tenant_id"], claims["iss"], claims["aud"]) == ("acme", AUTH.issuer, AUTH.audience)
    assert claims["user_id"] == claims["sub"] == "developer"
    assert claims["permissions"] == ["documents:read", "documents:write"]
    assert claims["exp"] - claims["iat"] == 60
    assert abs(claims["iat"] - time.time()) < 5


def test_a_token_of_one_key_is_worth_nothing_under_another() -> None:
    with pytest.raises(BadSignatureError):
        jwt.decode(mint("acme", AUTH, KEY), OctKey.import_key(OTHER_KEY.encode()), ["HS256"])
