"""No two tenants share a name in any backend, and every derived name is read one way only."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ringfence_api import names
from ringfence_api.tenant import NAME_PATTERN, InvalidTenant, Tenant
from tests.unit.operator.samples import tenant_body

TENANTS = st.from_regex(NAME_PATTERN.replace("^", r"\A").replace("$", r"\Z")).filter(lambda name: len(name) <= 40)
DOC_TYPES = st.from_regex(r"\A[a-z][a-z0-9-]{0,29}\Z")


def everything(tenant: str, doc_type: str) -> set[str]:
    """Every name of a tenant, each with the kind of thing it names."""
    return {
        f"namespace {names.namespace(tenant)}",
        f"index {names.index(tenant, doc_type)}",
        f"role {names.opensearch_role(tenant)}",
        f"user {names.opensearch_user(tenant)}",
        f"redis {names.redis_user(tenant)}",
        f"keys {names.redis_key_prefix(tenant)}",
        f"note {names.retained(tenant)}",
        f"url {names.endpoint(tenant)}",
    }


@given(TENANTS, TENANTS, DOC_TYPES, DOC_TYPES)
def test_two_tenants_never_share_a_name(one: str, other: str, doc_type: str, other_type: str) -> None:
    assume(one != other)

    assert not everything(one, doc_type) & everything(other, other_type)


@given(TENANTS, DOC_TYPES)
def test_an_index_name_is_read_one_way_only(tenant: str, doc_type: str) -> None:
    prefix, found_tenant, found_type = names.index(tenant, doc_type).split("_")

    assert (prefix, found_tenant, found_type) == ("genai", tenant, doc_type)


@given(TENANTS, TENANTS, DOC_TYPES)
def test_the_operators_own_look_at_indices_never_meets_another_tenants(one: str, other: str, doc_type: str) -> None:
    assume(one != other)

    assert not fnmatchcase(names.index(other, doc_type), names.index(one, "*"))


@given(TENANTS, TENANTS, st.text(max_size=10))
def test_a_key_pattern_never_matches_another_tenants_key(one: str, other: str, key: str) -> None:
    assume(one != other)

    assert not fnmatchcase(names.redis_key_prefix(other) + key, names.redis_key_prefix(one) + "*")


@given(TENANTS)
def test_names_fit_what_kubernetes_takes(tenant: str) -> None:
    for name in (names.namespace(tenant), names.opensearch_user(tenant), names.retained(tenant)):
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name), name


@given(TENANTS)
def test_every_name_of_the_pattern_is_accepted(tenant: str) -> None:
    assert Tenant.parse(tenant_body(tenant)).name == tenant


@pytest.mark.parametrize(
    "name",
    ["", "*", "_all", "a?me", "Acme", "acme_2", "acme.eu", "-acme", "acme-", "4acme", "a" * 41, "a\n", "ä", "a:b",
     "../x", "a b", None, 7],
)  # fmt: skip
def test_hostile_names_are_refused_with_what_to_write_instead(name: object) -> None:
    body = tenant_body()
    body["metadata"]["name"] = name

    with pytest.raises(InvalidTenant, match="for example `acme`"):
        Tenant.parse(body)


@given(st.text(max_size=60))
def test_a_name_that_gets_through_is_always_a_safe_one(name: str) -> None:
    body = tenant_body()
    body["metadata"]["name"] = name
    try:
        accepted = Tenant.parse(body).name
    except InvalidTenant:
        return
    assert re.fullmatch(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", accepted)
