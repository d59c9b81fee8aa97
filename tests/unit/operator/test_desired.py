"""What a tenant gets follows from its spec, and never holds more than it should."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence_api.binding import BINDING_FILE, Binding
from ringfence_api.labels import CONTENT_HASH
from ringfence_operator.desired.credentials import Credentials
from ringfence_operator.desired.endpoints import Endpoint
from ringfence_operator.desired.errors import Refused
from ringfence_operator.desired.goal import Gone, Serve
from ringfence_operator.desired.manifests import FOUNDATION, WORKLOAD, manifests
from ringfence_operator.desired.network import dataplane_policy
from ringfence_operator.desired.opensearch import opensearch_resources
from ringfence_operator.desired.quantity import multiplied
from ringfence_operator.desired.redis import redis_resources
from ringfence_operator.reconcile.plan import differs
from tests.unit.operator.samples import CREDENTIALS, PLATFORM, serve

LLM = {"model": "m"}


def found(goal: Serve, kind: str, name: str) -> dict[str, Any]:
    return next(m for m in manifests(goal) if (m["kind"], m["metadata"]["name"]) == (kind, name))


def pod(goal: Serve) -> dict[str, Any]:
    spec: dict[str, Any] = found(goal, "Deployment", "dataplane")["spec"]["template"]["spec"]
    return spec


def test_the_role_names_exact_indices_and_no_pattern() -> None:
    role = next(r for r in opensearch_resources(serve()).resources if r.kind == "Role").body

    assert role["index_permissions"][0]["index_patterns"] == ["genai_acme_handbook", "genai_acme_product"]
    assert role["index_permissions"][0]["allowed_actions"] == ["read", "write"]
    assert not any("*" in permission for permission in role["cluster_permissions"])
    assert role["reserved"]


def test_the_redis_user_gets_commands_by_name_and_its_own_prefix() -> None:
    user = redis_resources(serve()).resources[0].body

    assert user["commands"][0] == "-@all"
    assert all(word.startswith("+") and not word.startswith("+@") for word in user["commands"][1:])
    assert user["keys"] == ["~acme:*"]
    assert user["channels"] == ["&acme:*"]
    assert CREDENTIALS.redis_password not in str(user)


def test_pods_meet_the_restricted_profile_and_hold_no_api_token() -> None:
    spec = pod(serve())
    container = spec["containers"][0]

    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not any("hostPath" in volume for volume in spec["volumes"])


def test_replicas_belong_to_the_autoscaler() -> None:
    assert "replicas" not in found(serve(), "Deployment", "dataplane")["spec"]


def test_no_secret_stands_outside_the_secret() -> None:
    secrets = CREDENTIALS.files().values()
    shown = [m for m in manifests(serve()) if m["kind"] != "Secret"]

    assert not any(secret in str(manifest) for secret in secrets for manifest in shown)
    assert not any(secret in repr(serve()) for secret in secrets)
    assert not any(secret in repr(opensearch_resources(serve())) for secret in secrets)


def test_the_binding_in_the_cluster_is_one_that_the_data_plane_reads() -> None:
    text = found(serve(), "ConfigMap", "binding")["data"][BINDING_FILE]

    binding = Binding.model_validate_json(text)

    assert binding.tenant == "acme"
    assert binding.lexical.kind == "opensearch"
    assert binding.cache.key_prefix == "acme:"


def test_pods_roll_when_a_credential_or_the_binding_changes() -> None:
    def stamp(goal: Serve) -> str:
        annotations = found(goal, "Deployment", "dataplane")["spec"]["template"]["metadata"]["annotations"]
        return str(annotations[CONTENT_HASH])

    usual = serve()
    rotated = dataclasses.replace(usual, credentials=dataclasses.replace(CREDENTIALS, redis_password="f6" * 32))

    assert stamp(usual) == stamp(serve())
    assert len({stamp(usual), stamp(rotated), stamp(serve(limits={"requestsPerMinute": 7}))}) == 3


def test_nobody_may_call_a_data_plane_that_names_no_callers() -> None:
    policy = dataplane_policy(serve(network={"ingressFrom": []}))

    assert policy["spec"]["ingress"] == []
    assert "Ingress" in policy["spec"]["policyTypes"]


@pytest.mark.parametrize(
    ("name", "hole"),
    [
        ("default-deny", {"ingress": [{}]}),
        ("default-deny", {"egress": [{}]}),
        ("default-deny", {"podSelector": {"matchLabels": {"no": "pod"}}}),
        ("dataplane", {"ingress": [{}]}),
    ],
)
def test_a_hole_that_somebody_makes_in_the_fence_is_found(name: str, hole: dict[str, Any]) -> None:
    policy = found(serve(network={"ingressFrom": []}), "NetworkPolicy", name)

    assert differs(policy | {"spec": policy["spec"] | hole}, policy)


def test_a_fence_is_the_same_without_the_empty_lists_that_the_api_server_leaves_out() -> None:
    policy = found(serve(), "NetworkPolicy", "default-deny")

    kept = {field: value for field, value in policy["spec"].items() if value != []}
    assert not differs(policy | {"spec": kept}, policy)


def test_only_named_namespaces_may_call_and_on_one_port() -> None:
    [rule] = dataplane_policy(serve(network={"ingressFrom": ["shop", "desk"]}))["spec"]["ingress"]

    names = [peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in rule["from"]]
    assert names == ["desk", "shop"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8000}]


def test_a_service_of_the_cluster_is_allowed_by_namespace_and_port() -> None:
    egress = dataplane_policy(serve(llm={"baseUrl": "http://llm.models.svc.cluster.local:8080/v1", **LLM}))["spec"][
        "egress"
    ]

    [rule] = [rule for rule in egress if rule["ports"] == [{"protocol": "TCP", "port": 8080}]]
    assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "models"}}}]


def test_an_endpoint_outside_never_opens_private_or_metadata_addresses() -> None:
    egress = dataplane_policy(serve(llm={"baseUrl": "https://api.llm.example/v1", **LLM}))["spec"]["egress"]

    [rule] = [rule for rule in egress if rule["ports"] == [{"protocol": "TCP", "port": 443}]]
    [peer] = rule["to"]
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(peer["ipBlock"]["except"])


def test_a_rule_never_has_an_empty_list_of_peers_which_would_mean_everybody() -> None:
    outside = dataclasses.replace(
        serve(),
        platform=dataclasses.replace(
            PLATFORM, opensearch_url="https://search.example:9200", external_cidrs=("10.9.0.0/16",)
        ),
    )

    egress = dataplane_policy(outside)["spec"]["egress"]

    assert all(rule["to"] for rule in egress)
    assert {"to": [{"ipBlock": {"cidr": "10.9.0.0/16"}}], "ports": [{"protocol": "TCP", "port": 9200}]} in egress


@pytest.mark.parametrize(
    "host", ["dataplane.tenant-globex.svc:8000", "kube-dns.kube-system.svc", "x.ringfence-system.svc"]
)
def test_a_tenant_cannot_open_a_way_into_another_tenant_or_the_system(host: str) -> None:
    with pytest.raises(Refused, match="no tenant may call"):
        dataplane_policy(serve(llm={"baseUrl": f"http://{host}/v1", **LLM}))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://opensearch.search.svc:9200", Endpoint("opensearch.search.svc", 9200, "search")),
        ("http://a.b.svc.cluster.local/v1", Endpoint("a.b.svc.cluster.local", 80, "b")),
        ("http://0.a.b.svc", Endpoint("0.a.b.svc", 80, "b")),
        ("https://svc.example.com", Endpoint("svc.example.com", 443)),
        ("https://a.b.svc.evil.example", Endpoint("a.b.svc.evil.example", 443)),
        ("rediss://10.1.2.3:6380", Endpoint("10.1.2.3", 6380)),
    ],
)
def test_an_address_is_read_as_inside_or_outside(url: str, expected: Endpoint) -> None:
    assert Endpoint.of(url) == expected


@pytest.mark.parametrize("build", [FOUNDATION.desired, WORKLOAD.desired, opensearch_resources, redis_resources])
def test_a_deleted_tenant_wants_nothing(build: Any) -> None:
    gone = build(Gone("acme", retain=False))

    assert gone.resources == ()
    assert gone.keep == frozenset()


def test_retaining_keeps_data_but_nobody_who_could_reach_it() -> None:
    gone = Gone("acme", retain=True)

    assert {"Namespace", "PersistentVolumeClaim", "Secret"} <= FOUNDATION.desired(gone).keep
    assert WORKLOAD.desired(gone).keep == frozenset()
    assert opensearch_resources(gone).keep == {"Index"}
    assert "AclUser" not in redis_resources(gone).keep


def test_a_foreign_namespace_is_left_as_it_is() -> None:
    gone = Gone("acme", retain=False, owns_namespace=False)

    assert {ref.kind for ref in FOUNDATION.inventory("tenant-acme")} == FOUNDATION.desired(gone).keep
    assert {ref.kind for ref in WORKLOAD.inventory("tenant-acme")} == WORKLOAD.desired(gone).keep


def test_dropping_a_document_type_does_not_drop_its_data() -> None:
    assert "Index" in opensearch_resources(serve()).keep


def test_credentials_survive_and_only_missing_or_broken_ones_are_made_anew() -> None:
    stored = CREDENTIALS.files() | {"cache-key": "short"}
    del stored["redis-password"]

    completed = Credentials.completed(stored)

    assert completed.opensearch_password == CREDENTIALS.opensearch_password
    assert completed.redis_password != CREDENTIALS.redis_password
    assert len(completed.cache_key) == 64


@given(st.integers(1, 999_999), st.sampled_from(["", "m", "Ki", "Mi", "Gi", "Ti"]), st.integers(1, 40))
def test_a_canonical_quantity_means_the_same_and_cannot_be_shortened(number: int, suffix: str, factor: int) -> None:
    sizes = {"m": 1, "": 1000, "k": 10**6, "M": 10**9, "G": 10**12, "T": 10**15}
    sizes |= {f"{letter}i": 1000 * 1024 ** (place + 1) for place, letter in enumerate("KMGTP")}

    canonical = multiplied(f"{number}{suffix}", factor)

    digits = "".join(filter(str.isdigit, canonical))
    unit = canonical[len(digits) :]
    assert int(digits) * sizes[unit] == number * sizes[suffix] * factor
    assert multiplied(canonical) == canonical if unit in ("", "m", "Ki", "Mi", "Gi", "Ti") else True
