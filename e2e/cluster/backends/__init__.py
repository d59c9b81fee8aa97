"""OpenSearch, Redis and a language model as pods of the namespace `ringfence-backends`.

`apply(cluster)` puts them there, waits until they answer, and lays the Secrets which the operator's chart reads into
`ringfence-system`; it may be called again at any time. `wait_ready(cluster)` only waits.
"""

from e2e.cluster.backends.credentials import Credentials
from e2e.cluster.backends.deploy import Cluster, apply, wait_ready

__all__ = ["Cluster", "Credentials", "apply", "wait_ready"]
