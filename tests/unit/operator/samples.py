"""Values that tests of the operator share."""

from __future__ import annotations

import copy
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ringfence_api.tenant import Tenant
from ringfence_operator.desired.credentials import Credentials
from ringfence_operator.desired.goal import Serve
from ringfence_operator.desired.platform import Platform

ROOT = Path(__file__).parents[3]
UID = "5f0c9f3e-0000-4000-8000-000000000001"
CREATED = "2026-01-02T03:04:05Z"

PLATFORM = Platform(
    operator_namespace="ringfence-system",
    opensearch_url="https://opensearch.ringfence-backends.svc:9200",
    opensearch_ca="-----BEGIN CERTIFICATE-----\nopensearch\n-----END CERTIFICATE-----\n",
    opensearch_replicas=1,
    redis_nodes=("rediss://redis.ringfence-backends.svc:6379",),
    redis_ca="-----BEGIN CERTIFICATE-----\nredis\n-----END CERTIFICATE-----\n",
    dataplane_image="ringfence/dataplane:dev",
    image_pull_policy="IfNotPresent",
)


def _sample_key(purpose: str) -> str:
    """As random-looking as a generated one: OpenSearch refuses passwords that repeat themselves."""
    return hashlib.sha256(f"sample {purpose}".encode()).hexdigest()


CREDENTIALS = Credentials(
    opensearch_password=_sample_key("opensearch"),
    redis_password=_sample_key("redis"),
    cache_key=_sample_key("cache"),
    manifest_key=_sample_key("manifest"),
    token_key=_sample_key("token"),
)


def tenant_body(name: str = "acme", **spec: Any) -> dict[str, Any]:
    """The example Tenant as the API server returns it, with some spec groups replaced."""
    body = copy.deepcopy(_example())
    body["metadata"] = {
        "name": name,
        "uid": UID,
        "generation": 1,
        "creationTimestamp": CREATED,
        "resourceVersion": "1",
    }
    body["spec"] |= spec
    return body


def serve(name: str = "acme", **spec: Any) -> Serve:
    """The goal of serving that Tenant."""
    return Serve(Tenant.parse(tenant_body(name, **spec)), PLATFORM, CREDENTIALS)


@cache
def _example() -> dict[str, Any]:
    body: dict[str, Any] = yaml.safe_load((ROOT / "examples" / "tenants" / "acme.yaml").read_text())
    return body
