"""The service account of the data plane: it exists so that pods do not use a shared one, and has no token."""

from ringfence_api import names
from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.meta import Manifest, metadata


def service_account(goal: Serve) -> Manifest:
    """A service account that no role is bound to."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(goal, names.DATAPLANE),
        "automountServiceAccountToken": False,
    }
