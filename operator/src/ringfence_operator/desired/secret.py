"""The Secret that carries a tenant's credentials to its pods, and in which the operator finds them again."""

from base64 import b64encode

from ringfence_api import names
from ringfence_api.binding import OPENSEARCH_CA, REDIS_CA
from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.meta import Manifest, metadata


def secret_files(goal: Serve) -> dict[str, str]:
    """Every file in the data plane's credentials folder."""
    authorities = {OPENSEARCH_CA: goal.platform.opensearch_ca, REDIS_CA: goal.platform.redis_ca}
    return {**goal.credentials.files(), **authorities}


def credentials_secret(goal: Serve) -> Manifest:
    """One key per file."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(goal, names.CREDENTIALS),
        "type": "Opaque",
        "data": {name: b64encode(text.encode()).decode() for name, text in secret_files(goal).items()},
    }
