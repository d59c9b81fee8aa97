"""The Kubernetes objects of the backends, as values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from e2e.cluster.backends.credentials import NAMESPACE, Credentials
from ringfence_api.labels import TENANT
from tests.servers.opensearch_config import CA_FILE, NODE_CERTIFICATE, NODE_KEY, configuration, node_settings
from tests.servers.redis_config import CERTIFICATE, KEY, redis_configuration

Object = dict[str, Any]

SYSTEM_NAMESPACE = "ringfence-system"
USER_ID = 10001
OPENSEARCH_HOME = "/var/lib/opensearch"
REDIS_CONFIG = "/etc/redis"
TENANTS = {"namespaceSelector": {"matchExpressions": [{"key": TENANT, "operator": "Exists"}]}}
OPERATOR = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": SYSTEM_NAMESPACE}}}


@dataclass(frozen=True)
class Pod:
    """What differs between the backends' Deployments. `volumes` are of a pod spec, with their mount paths."""

    name: str
    port: int
    probe: Object
    cpu: str
    memory: str
    memory_limit: str
    volumes: Mapping[str, Object]
    clients: Sequence[Object]


def namespaces() -> list[Object]:
    """The backends' namespace, under the restricted Pod Security profile, and the operator's."""
    strict = {"pod-security.kubernetes.io/enforce": "restricted"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": strict}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}},
    ]


def kept_credentials(credentials: Credentials) -> Object:
    """Where the next call finds the credentials of this one."""
    return _secret(NAMESPACE, "credentials", credentials.as_data())


def operator_secrets(credentials: Credentials) -> list[Object]:
    """The Secrets by which the operator administers OpenSearch and Redis, as its chart expects them."""
    opensearch = {
        "ca.crt": credentials.opensearch_ca,
        "tls.crt": credentials.admin_certificate,
        "tls.key": credentials.admin_key,
    }
    redis = {
        "ca.crt": credentials.redis_ca,
        "username": credentials.redis_username,
        "password": credentials.redis_password,
    }
    return [
        _secret(SYSTEM_NAMESPACE, "opensearch-admin", opensearch),
        _secret(SYSTEM_NAMESPACE, "redis-admin", redis),
    ]


def backends(credentials: Credentials) -> list[Object]:
    """Everything in the backends' namespace but the namespace itself."""
    settings = opensearch_settings(credentials)
    tls = {
        CA_FILE: credentials.opensearch_ca,
        NODE_CERTIFICATE: credentials.opensearch_certificate,
        NODE_KEY: credentials.opensearch_key,
    }
    redis = redis_files(credentials)
    # A pod reads its files once, at its start: it is replaced when one of them changes.
    digests = {"opensearch": _digest(settings | tls), "redis": _digest(redis), "llm": ""}
    return [
        kept_credentials(credentials),
        _config_map("opensearch", {_key(path): text for path, text in settings.items()}),
        _secret(NAMESPACE, "opensearch-tls", tls),
        _secret(NAMESPACE, "redis", redis),
        _nothing_else_gets_in_or_out(),
        *(thing for pod in pods(settings) for thing in _parts(pod, digests[pod.name])),
    ]


def pods(settings: Mapping[str, str]) -> list[Pod]:
    """The three backends; `settings` are OpenSearch's files by their path."""
    items = [{"key": _key(path), "path": path} for path in settings]
    ready = {"scheme": "HTTPS", "path": "/_plugins/_security/health", "port": 9200}
    ping = f"redis-cli --tls --cacert {REDIS_CONFIG}/{CA_FILE} -h localhost ping | grep -q -e PONG -e NOAUTH"
    return [
        Pod(
            "opensearch",
            9200,
            {"httpGet": ready},
            cpu="200m",
            memory="900Mi",
            memory_limit="1500Mi",
            volumes={
                "/etc/opensearch/settings": {"configMap": {"name": "opensearch", "items": items}},
                "/etc/opensearch/tls": {"secret": {"secretName": "opensearch-tls", "defaultMode": 0o440}},
                OPENSEARCH_HOME: {"emptyDir": {}},
            },
            clients=[TENANTS, OPERATOR],
        ),
        Pod(
            "redis",
            6379,
            {"exec": {"command": ["sh", "-c", ping]}},
            cpu="20m",
            memory="32Mi",
            memory_limit="160Mi",
            volumes={REDIS_CONFIG: {"secret": {"secretName": "redis", "defaultMode": 0o440}}},
            clients=[TENANTS, OPERATOR],
        ),
        Pod(
            "llm",
            8080,
            {"httpGet": {"path": "/health", "port": 8080}},
            cpu="200m",
            memory="400Mi",
            memory_limit="1Gi",
            volumes={},
            clients=[TENANTS],
        ),
    ]


def opensearch_settings(credentials: Credentials) -> dict[str, str]:
    """OpenSearch's configuration files by path, without the certificates."""
    return configuration(
        node_settings(
            host="0.0.0.0",  # a pod's interface; who reaches it is the NetworkPolicy's business
            http_port=9200,
            data=f"{OPENSEARCH_HOME}/data",
            logs=f"{OPENSEARCH_HOME}/logs",
            node_name=credentials.opensearch_name,
            admin_name=credentials.admin_name,
        )
    )


def redis_files(credentials: Credentials) -> dict[str, str]:
    """Redis's configuration and certificates by name."""
    config = redis_configuration(
        bind="0.0.0.0", port=6379, tls=REDIS_CONFIG, data="/tmp", password=credentials.redis_password
    )
    return {
        "redis.conf": config,
        CA_FILE: credentials.redis_ca,
        CERTIFICATE: credentials.redis_certificate,
        KEY: credentials.redis_key,
    }


def _parts(pod: Pod, digest: str) -> list[Object]:
    labels = {"app": pod.name}
    allowed = {"from": list(pod.clients), "ports": [{"protocol": "TCP", "port": pod.port}]}
    service = {"selector": labels, "ports": [{"name": "main", "port": pod.port, "targetPort": pod.port}]}
    policy = {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"], "ingress": [allowed]}
    return [
        _object("v1", "Service", pod.name, spec=service),
        _object("networking.k8s.io/v1", "NetworkPolicy", pod.name, spec=policy),
        _object("apps/v1", "Deployment", pod.name, spec=_deployment(pod, labels, digest)),
    ]


def _deployment(pod: Pod, labels: Mapping[str, str], digest: str) -> Object:
    volumes = {**pod.volumes, "/tmp": {"emptyDir": {}}}
    named = [(f"v{number}", path, source) for number, (path, source) in enumerate(volumes.items())]
    container = {
        "name": pod.name,
        "image": f"docker.io/ringfence-test/{pod.name}:dev",
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": pod.port}],
        "readinessProbe": {**pod.probe, "periodSeconds": 3, "timeoutSeconds": 5, "failureThreshold": 3},
        "resources": {
            "requests": {"cpu": pod.cpu, "memory": pod.memory},
            "limits": {"memory": pod.memory_limit},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": name, "mountPath": path} for name, path, _ in named],
    }
    spec = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "fsGroup": USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": name, **source} for name, _, source in named],
    }
    return {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels, "annotations": {"ringfence.dev/files": digest}},
            "spec": spec,
        },
    }


def _nothing_else_gets_in_or_out() -> Object:
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    return _object("networking.k8s.io/v1", "NetworkPolicy", "deny", spec=spec)


def _config_map(name: str, data: Mapping[str, str]) -> Object:
    return _object("v1", "ConfigMap", name, data=dict(data))


def _secret(namespace: str, name: str, data: Mapping[str, str]) -> Object:
    return _object("v1", "Secret", name, namespace, type="Opaque", stringData=dict(data))


def _object(version: str, kind: str, name: str, namespace: str = NAMESPACE, **content: Any) -> Object:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        **content,
    }


def _key(path: str) -> str:
    return path.replace("/", ".")


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]
