"""The data plane's pods, under the restricted Pod Security profile and without a token for the API server."""

import hashlib
import json

from ringfence_api import names
from ringfence_api.binding import BINDING_FILE
from ringfence_api.labels import COMPONENT, CONTENT_HASH, dataplane_labels, tenant_labels
from ringfence_operator.desired.configmap import VOLUME_PATH, cluster_binding
from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.meta import Manifest, metadata
from ringfence_operator.desired.quantity import multiplied
from ringfence_operator.desired.secret import secret_files

_BINDING_PATH = "/etc/ringfence/binding"
_CREDENTIALS_PATH = "/etc/ringfence/credentials"
_USER = 10001  # appuser of the image; a number, so that the kubelet can see that it is not root
_GRACE_SECONDS = 45  # 30 s to drain requests, and time to stop


def deployment(goal: Serve) -> Manifest:
    """The Deployment. `replicas` is left out: it belongs to the autoscaler, and naming it here would start a fight."""
    selector = dataplane_labels(goal.name)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(goal, names.DATAPLANE, selector),
        "spec": {
            "selector": {"matchLabels": selector},
            "revisionHistoryLimit": 2,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {
                    "labels": {**tenant_labels(goal.name), **selector, COMPONENT: "dataplane"},
                    "annotations": {CONTENT_HASH: content_hash(goal)},
                },
                "spec": _pod(goal),
            },
        },
    }


def content_hash(goal: Serve) -> str:
    """SHA-256 over Binding and credentials: pods read them at start, so a change has to roll them.

    The generated keys among them hold more than enough entropy to keep the others from being guessed.
    """
    content = json.dumps({"binding": cluster_binding(goal).to_json(), "files": secret_files(goal)}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _pod(goal: Serve) -> Manifest:
    return {
        "serviceAccountName": names.DATAPLANE,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,  # would put addresses of the namespace's Services into the environment
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        # The volume is ReadWriteOnce: one node. Without this a pod placed elsewhere would wait for it for ever.
        "affinity": {
            "podAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": dataplane_labels(goal.name)},
                    }
                ]
            }
        },
        "containers": [_container(goal)],
        "volumes": [
            {"name": "binding", "configMap": {"name": names.BINDING}},
            {"name": "credentials", "secret": {"secretName": names.CREDENTIALS, "defaultMode": 0o440}},
            {"name": "vectors", "persistentVolumeClaim": {"claimName": names.VECTORS}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }


def _container(goal: Serve) -> Manifest:
    scaling = goal.tenant.spec.scaling
    memory = multiplied(scaling.memory)
    return {
        "name": "dataplane",
        "image": goal.platform.dataplane_image,
        "imagePullPolicy": goal.platform.image_pull_policy,
        "args": [
            "serve",
            "--binding",
            f"{_BINDING_PATH}/{BINDING_FILE}",
            "--credentials",
            _CREDENTIALS_PATH,
            "--host",
            "0.0.0.0",  # noqa: S104 - of a pod, fenced by its network policies
            "--port",
            str(names.DATAPLANE_PORT),
        ],
        "ports": [{"name": "http", "containerPort": names.DATAPLANE_PORT, "protocol": "TCP"}],
        # No CPU limit: throttling would turn a burst into latency. Memory is what one pod can take from others.
        "resources": {
            "requests": {"cpu": multiplied(scaling.cpu), "memory": memory},
            "limits": {"memory": memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        # Loading the embedding model on a busy node takes longer than a live process may be silent.
        "startupProbe": _probe("/health", period=2, failures=90),
        "livenessProbe": _probe("/health", period=10, failures=3),
        "readinessProbe": _probe("/ready", period=5, failures=2),
        "volumeMounts": [
            {"name": "binding", "mountPath": _BINDING_PATH, "readOnly": True},
            {"name": "credentials", "mountPath": _CREDENTIALS_PATH, "readOnly": True},
            {"name": "vectors", "mountPath": VOLUME_PATH},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - of a container with a read-only root
        ],
    }


def _probe(path: str, period: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
    }
