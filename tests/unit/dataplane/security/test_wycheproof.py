"""Wycheproof's JSON Web Signature vectors: whatever it calls invalid does not verify here."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ringfence_dataplane.security.keys import SharedKey, UnknownKey, usable_keys
from ringfence_dataplane.security.tokens import InvalidToken, TokenVerifier
from tests.unit.dataplane.support.service import binding

VECTORS = Path(__file__).parents[5] / "shared" / "data" / "security_vectors" / "jws_vectors.jsonl"

# Invalid for what this service never sees: metadata of a secret key (here it is a file of bytes), and padding that
# the flattened vectors no longer have.
NOT_OURS = {"rejectsAesKey", "invalidBase64Padding", "invalidBase64PaddingInPayload"}


def vectors(result: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["result"] == result and isinstance(row["jws"], str)]


class OneKey:
    """The vector's own key, as far as it is one that this service would use."""

    def __init__(self, vector: dict[str, Any]) -> None:
        self._vector = vector

    async def find(self, kid: str | None) -> Any:
        key = self._vector["key_public"] or self._vector["key_private"] or {}
        listed = key.get("keys", [key])
        if listed and listed[0].get("kty") == "oct" and len(listed) == 1:
            try:
                return await SharedKey(_bytes(listed[0]["k"])).find(kid)
            except ValueError:
                raise UnknownKey("a key that this service does not start with") from None
        found = [one for one in usable_keys(json.dumps({"keys": listed}).encode()) if kid in (None, one.kid)]
        if len(found) != 1:
            raise UnknownKey("none")
        return found[0]

    async def close(self) -> None:
        return


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def verifies(vector: dict[str, Any], algorithm: str) -> bool:
    """Whether the signature is accepted. The payload is `foo`: it is looked at after that, and refused."""
    auth = binding().auth.model_copy(update={"algorithm": algorithm})
    with pytest.raises(InvalidToken) as caught:
        await TokenVerifier(auth, OneKey(vector)).verify(vector["jws"])
    return "payload" in str(caught.value)


def test_the_vectors_are_there() -> None:
    assert VECTORS.is_file(), f"{VECTORS} is missing: the test data lie beside the repository, in shared/data"


async def test_no_invalid_vector_verifies() -> None:
    rows = [row for row in vectors("invalid") if row["comment"] not in NOT_OURS]
    assert len(rows) > 300
    verified = [row["id"] for row in rows for alg in ("HS256", "RS256") if await verifies(row, alg)]
    assert verified == []


async def test_valid_vectors_of_the_accepted_algorithms_verify() -> None:
    rows = [row for row in vectors("valid") if row["header"]["alg"] in ("HS256", "RS256")]
    verified = [row["id"] for row in rows if await verifies(row, row["header"]["alg"])]
    assert len(verified) >= 10, [row["id"] for row in rows if row["id"] not in verified]
