"""Where credentials are found: the tenant's own Secret, and API keys that the platform has labelled for it."""

from base64 import b64decode

from ringfence_api import names
from ringfence_api.labels import TENANT
from ringfence_api.tenant import Tenant
from ringfence_operator.backends.errors import NeedsPerson
from ringfence_operator.backends.kubeclient import KubeApi, Manifest
from ringfence_operator.desired.credentials import Credentials

API_KEY = "api-key"
"""Key that is read of a labelled Secret."""


class CredentialStore:
    """Reads Secrets by name; it writes none (the namespace's backend does)."""

    def __init__(self, client: KubeApi, operator_namespace: str) -> None:
        self._client = client
        self._home = operator_namespace

    async def of(self, tenant: Tenant) -> Credentials:
        """The tenant's credentials: those of its Secret, completed by new ones where some are missing.

        Call it only when the namespace is the Tenant's own: what a foreign one holds is not to be trusted.
        """
        stored = await self._client.get("Secret", names.CREDENTIALS, names.namespace(tenant.name))
        return Credentials.completed(
            _decoded(stored or {}),
            llm_api_key=await self._api_key(tenant.name, tenant.spec.llm.api_key_secret, "spec.llm.apiKeySecret"),
            embedding_api_key=await self._api_key(
                tenant.name, tenant.spec.embedding.api_key_secret, "spec.embedding.apiKeySecret"
            ),
        )

    async def _api_key(self, tenant: str, secret: str | None, field: str) -> str | None:
        if secret is None:
            return None
        found = await self._client.get("Secret", secret, self._home)
        # One answer for "absent", "not yours" and "has no key": a Tenant must not learn which Secrets exist.
        labels = (found or {}).get("metadata", {}).get("labels", {})
        key = _decoded(found or {}).get(API_KEY, "").strip() if labels.get(TENANT) == tenant else ""
        if not key:
            raise NeedsPerson(
                "ApiKeyMissing",
                f"{field}: there is no Secret {secret} in namespace {self._home} with the label {TENANT}={tenant} "
                f"and the key `{API_KEY}`. Ask the platform team to create or label it.",
            )
        return key


def _decoded(secret: Manifest) -> dict[str, str]:
    """Texts by key; what is no UTF-8 text is left out, as nothing of ours."""
    texts = {}
    for name, value in (secret.get("data") or {}).items():
        try:
            texts[name] = b64decode(value, validate=True).decode()
        except ValueError:
            continue
    return texts
