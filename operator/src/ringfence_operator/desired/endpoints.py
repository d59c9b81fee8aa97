"""The addresses that a data plane has to reach, read from the platform's settings and the Tenant's spec."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ringfence_api import names
from ringfence_operator.desired.errors import Refused
from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.platform import Platform

_IN_CLUSTER = re.compile(r"^(?:[a-z0-9-]+\.)+(?P<namespace>[a-z0-9-]+)\.svc(?:\.cluster\.local)?$")
_DEFAULT_PORTS = {"http": 80, "https": 443, "redis": 6379, "rediss": 6379}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One TCP address. `namespace` is set for a Service of the cluster, and empty for a host outside."""

    host: str
    port: int
    namespace: str = ""

    @classmethod
    def of(cls, url: str) -> "Endpoint":
        """Host and port of `url`."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        found = _IN_CLUSTER.match(host)
        return cls(host, parts.port or _DEFAULT_PORTS[parts.scheme], found["namespace"] if found else "")

    @property
    def address(self) -> str | None:
        """The host's IP address in CIDR form, where the URL names one."""
        try:
            return str(ipaddress.ip_network(self.host))
        except ValueError:
            return None


def platform_endpoints(platform: Platform) -> list[Endpoint]:
    """OpenSearch and every Redis node."""
    return [Endpoint.of(url) for url in (platform.opensearch_url, *platform.redis_nodes)]


def tenant_endpoints(goal: Serve) -> list[Endpoint]:
    """The language model, the embeddings endpoint and the key set that the Tenant names.

    Raises:
        Refused: a URL points into another tenant's namespace or one of the cluster's own.
    """
    spec = goal.tenant.spec
    asked = {
        "spec.llm.baseUrl": spec.llm.base_url,
        "spec.embedding.baseUrl": spec.embedding.base_url if spec.embedding.provider == "OpenAI" else None,
        "spec.auth.jwksUri": spec.auth.jwks_uri if spec.auth.algorithm == "RS256" else None,
    }
    found = []
    for field, url in asked.items():
        if url is None:
            continue
        endpoint = Endpoint.of(url)
        if _is_off_limits(endpoint.namespace, goal.platform):
            raise Refused(
                "EndpointRefused",
                f"{field} points into namespace {endpoint.namespace}, which no tenant may call: "
                "write the URL of a service in another namespace or outside the cluster",
            )
        found.append(endpoint)
    return found


def _is_off_limits(namespace: str, platform: Platform) -> bool:
    reserved = ("kube-system", "kube-public", "kube-node-lease", platform.operator_namespace)
    return namespace in reserved or namespace.startswith(names.NAMESPACE_PREFIX)
