"""A tenant as the operator makes it, on a real OpenSearch."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import httpx
import pytest

from ringfence_api.binding import OPENSEARCH_CA, OPENSEARCH_PASSWORD, OpenSearchBinding
from ringfence_api.index import index_body
from ringfence_dataplane.credentials import Credentials
from tests.integration.dataplane.tenancy import Tenancy
from tests.servers import OpenSearchServer

DOC_TYPES = ("handbook", "faq")
CLUSTER_PERMISSIONS = ["indices:data/write/bulk", "indices:data/read/msearch", "indices:data/read/mget"]


@pytest.fixture(scope="module")
def made(opensearch: OpenSearchServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenancy]:
    folder = tmp_path_factory.mktemp("credentials")
    name, password = f"t{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    indices = {doc_type: f"genai_{name}_{doc_type}" for doc_type in DOC_TYPES}
    (folder / OPENSEARCH_PASSWORD).write_text(password)
    (folder / OPENSEARCH_CA).write_bytes(opensearch.ca_file.read_bytes())
    binding = OpenSearchBinding(url=opensearch.url, username=name, indices=indices)
    with httpx.Client(base_url=opensearch.url, verify=opensearch.admin_context(), timeout=60) as admin:
        security = "/_plugins/_security/api"
        role = {
            "cluster_permissions": CLUSTER_PERMISSIONS,
            "index_permissions": [
                {"index_patterns": list(indices.values()), "allowed_actions": ["read", "write"]},
            ],
        }
        admin.put(f"{security}/roles/{name}", json=role).raise_for_status()
        admin.put(f"{security}/internalusers/{name}", json={"password": password}).raise_for_status()
        admin.put(f"{security}/rolesmapping/{name}", json={"users": [name]}).raise_for_status()
        yield Tenancy(opensearch, admin, binding, Credentials(folder))
        for kind in ("rolesmapping", "internalusers", "roles"):
            admin.delete(f"{security}/{kind}/{name}").raise_for_status()
        for index in indices.values():
            admin.delete(f"/{index}").raise_for_status()


@pytest.fixture
def tenancy(made: Tenancy) -> Tenancy:
    """The tenant with empty indices."""
    for index in made.binding.indices.values():
        made.admin.delete(f"/{index}")
        made.admin.put(f"/{index}", json=index_body(0)).raise_for_status()
    return made
