"""Configuration files of the test OpenSearch, for the loopback process and for the pod alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

# Certificate files, relative to the configuration folder, where the security plugin insists on having them.
CA_FILE = "ca.crt"
NODE_CERTIFICATE = "node.crt"
NODE_KEY = "node.key"

JVM_OPTIONS = """\
-Xms512m
-Xmx512m
-XX:+UseG1GC
-XX:G1ReservePercent=25
-XX:InitiatingHeapOccupancyPercent=30
# A test server is started far more often than it runs long: one quick compiler halves the start.
-XX:TieredStopAtLevel=1
-Djava.io.tmpdir=${OPENSEARCH_TMPDIR}
18-:-Djava.security.manager=allow
-Djava.util.concurrent.ForkJoinPool.common.threadFactory=org.opensearch.secure_sm.SecuredForkJoinWorkerThreadFactory
"""

LOG4J2 = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


def node_settings(
    *, host: str, http_port: int, data: str, logs: str, node_name: str, admin_name: str
) -> dict[str, Any]:
    """The `opensearch.yml` of a single node.

    `node_name` and `admin_name` are certificate subjects: the node's own, and the one that may do everything.
    `http_port` 0 lets the system choose; the choice is written to `http.ports` in `logs`.
    """
    security = "plugins.security"
    return {
        "cluster.name": "ringfence-test",
        "node.name": "opensearch",
        "node.portsfile": True,
        "node.store.allow_mmap": False,  # vm.max_map_count is often too low, and raising it is not ours to do
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",  # a single node talks to nobody
        "transport.port": 0,
        "http.host": host,
        "http.port": http_port,
        "path.data": data,
        "path.logs": logs,
        # A developer's disk is often fuller than the watermarks allow, which would make indices read-only.
        "cluster.routing.allocation.disk.threshold_enabled": False,
        f"{security}.allow_default_init_securityindex": True,
        f"{security}.audit.type": "noop",
        f"{security}.authcz.admin_dn": [admin_name],
        f"{security}.nodes_dn": [node_name],
        **_tls(f"{security}.ssl.http"),
        **_tls(f"{security}.ssl.transport"),
        f"{security}.ssl.http.enabled": True,
        f"{security}.ssl.http.clientauth_mode": "OPTIONAL",
        f"{security}.ssl.transport.enforce_hostname_verification": False,
    }


def _tls(prefix: str) -> dict[str, str]:
    return {
        f"{prefix}.pemcert_filepath": NODE_CERTIFICATE,
        f"{prefix}.pemkey_filepath": NODE_KEY,
        f"{prefix}.pemtrustedcas_filepath": CA_FILE,
    }


def security_files() -> dict[str, str]:
    """The security plugin's files by name: passwords are checked, and nobody has any right yet.

    The plugin's default role mapping `own_index` is left out on purpose: it gives every user the index that is
    named like the user, whatever the user's roles say.
    """
    basic = {
        "http_enabled": True,
        "transport_enabled": True,
        "order": 0,
        "http_authenticator": {"type": "basic", "challenge": True},
        "authentication_backend": {"type": "intern"},
    }
    dynamic = {"http": {"anonymous_auth_enabled": False}, "authc": {"basic_internal": basic}}
    contents: Mapping[str, tuple[str, dict[str, Any]]] = {
        "config.yml": ("config", {"config": {"dynamic": dynamic}}),
        "allowlist.yml": ("allowlist", {"config": {"enabled": False, "requests": {}}}),
        "audit.yml": ("audit", {"config": {"enabled": False}}),
        "nodes_dn.yml": ("nodesdn", {}),
        "internal_users.yml": ("internalusers", {}),
        "roles.yml": ("roles", {}),
        "roles_mapping.yml": ("rolesmapping", {}),
        "action_groups.yml": ("actiongroups", {}),
        "tenants.yml": ("tenants", {}),
    }
    return {name: _with_meta(kind, content) for name, (kind, content) in contents.items()}


def _with_meta(kind: str, content: Mapping[str, Any]) -> str:
    return yaml.safe_dump({"_meta": {"type": kind, "config_version": 2}, **content}, sort_keys=False)


def configuration(settings: Mapping[str, Any]) -> dict[str, str]:
    """Every file of the configuration folder but the certificates, by path relative to it."""
    files = {
        "opensearch.yml": yaml.safe_dump(dict(settings), sort_keys=False),
        "jvm.options": JVM_OPTIONS,
        "log4j2.properties": LOG4J2,
    }
    return files | {f"opensearch-security/{name}": text for name, text in security_files().items()}
