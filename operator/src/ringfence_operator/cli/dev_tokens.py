"""Development tokens: HS256, signed with a key that Ringfence generated for one tenant."""

import time
from collections.abc import Sequence

from joserfc import jwt
from joserfc.jwk import OctKey

from ringfence_api.binding import AuthBinding

PERMISSIONS = ("documents:read", "documents:write")
USER = "developer"
LIFETIME_SECONDS = 12 * 3600
"""A working day: long enough to go on with after lunch, short enough to be worthless next week."""


def mint(
    tenant: str,
    auth: AuthBinding,
    key: str,
    *,
    user: str = USER,
    permissions: Sequence[str] = PERMISSIONS,
    lifetime_seconds: int = LIFETIME_SECONDS,
) -> str:
    """A token that the data plane of `tenant` accepts. `key` is the text of its credential `token-key`."""
    now = int(time.time())
    claims = {
        "iss": auth.issuer,
        "aud": auth.audience,
        "sub": user,
        "tenant_id": tenant,
        "user_id": user,
        "permissions": list(permissions),
        "iat": now,
        "exp": now + lifetime_seconds,
    }
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(key.encode()))
