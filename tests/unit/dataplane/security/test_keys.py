"""Key sets of identity providers: which keys count, and how often they are fetched."""

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from ringfence_dataplane.ports import Unavailable
from ringfence_dataplane.security.keys import FRESH_SECONDS, STALE_SECONDS, KeySet, SharedKey, UnknownKey, usable_keys


@cache
def rsa(kid: str, bits: int = 2048) -> RSAKey:
    return RSAKey.generate_key(bits, {"kid": kid})


def public(made: str, **changes: Any) -> dict[str, Any]:
    return {**rsa(made).as_dict(private=False), **changes}


@dataclass
class Provider:
    """An identity provider on a clock of its own."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    down: bool = False
    fetched: int = 0
    now: float = 1000.0

    async def fetch(self) -> bytes:
        self.fetched += 1
        if self.down:
            raise OSError("no route")
        return json.dumps({"keys": self.keys}).encode()

    def key_set(self) -> KeySet:
        return KeySet(self.fetch, lambda: self.now)


async def test_a_key_is_found_by_its_id_and_fetched_once() -> None:
    provider = Provider([public("one"), public("two")])
    keys = provider.key_set()
    for _ in range(5):
        assert (await keys.find("two")).kid == "two"
    assert provider.fetched == 1


async def test_a_new_key_is_found_soon_but_invented_ids_do_not_make_more_requests() -> None:
    provider = Provider([public("one")])
    keys = provider.key_set()
    await keys.find("one")
    provider.keys.append(public("two"))
    for number in range(20):
        with pytest.raises(UnknownKey):
            await keys.find(f"invented-{number}")
    assert provider.fetched == 1
    provider.now += 31
    assert (await keys.find("two")).kid == "two"
    assert provider.fetched == 2


async def test_a_withdrawn_key_stops_working_when_the_set_is_fetched_again() -> None:
    provider = Provider([public("one")])
    keys = provider.key_set()
    await keys.find("one")
    provider.keys = [public("two")]
    provider.now += FRESH_SECONDS + 1
    with pytest.raises(UnknownKey):
        await keys.find("one")


async def test_known_keys_outlive_a_short_outage_and_not_a_long_one() -> None:
    provider = Provider([public("one")])
    keys = provider.key_set()
    await keys.find("one")
    provider.down = True
    provider.now += FRESH_SECONDS + 1
    assert await keys.find("one")
    provider.now += STALE_SECONDS
    with pytest.raises(Unavailable):
        await keys.find("one")
    provider.down = False
    provider.now += 31
    assert await keys.find("one")


async def test_without_any_key_nobody_gets_in() -> None:
    with pytest.raises(Unavailable):
        await Provider(down=True).key_set().find("one")


async def test_two_keys_of_one_id_are_none() -> None:
    provider = Provider([public("one"), public("two", kid="one")])
    with pytest.raises(UnknownKey):
        await provider.key_set().find("one")


async def test_a_token_without_id_needs_a_set_with_one_key() -> None:
    assert (await Provider([public("one")]).key_set().find(None)).kid == "one"
    with pytest.raises(UnknownKey):
        await Provider([public("one"), public("two")]).key_set().find(None)


@pytest.mark.parametrize(
    "entry",
    [
        public("one", use="enc"),
        public("one", alg="RS512"),
        public("one", key_ops=["sign"]),
        public("one", key_ops=7),
        public("one", key_ops=None),
        public("one", n=7),
        public("one", kid=7),
        public("one", kty="oct"),
        public("one", e="AQ"),
        public("one", n="!!"),
        {"kty": "RSA"},
        {"kty": "oct", "k": "c2VjcmV0"},
        "text",
        None,
    ],
)
def test_keys_that_must_not_verify_are_left_out(entry: Any) -> None:
    assert usable_keys(json.dumps({"keys": [entry, public("good")]}).encode())[0].kid == "good"


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_short_rsa_key_is_left_out() -> None:
    short = rsa("short", 1024).as_dict(private=False)
    assert usable_keys(json.dumps({"keys": [short]}).encode()) == []


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"keys": 7}', b"[" * 5000, b"\xff"])
def test_what_is_no_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match="no JSON Web Key Set"):
        usable_keys(document)


def test_a_shared_key_is_long_and_does_not_show_itself() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SharedKey(b"short")
    assert "s" * 32 not in repr(SharedKey(b"s" * 32))
