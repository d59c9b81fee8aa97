"""The Binding of a laptop: the Tenant's own settings on embedded backends."""

from pathlib import Path

from ringfence_api.binding import Binding, BuiltinEmbedding, MemoryCacheBinding, SqliteBinding
from ringfence_operator.cli.dev.binding import embedded_binding, stand_ins
from ringfence_operator.cli.dev.folder import TenantFolder
from ringfence_operator.desired.binding import tenant_binding
from tests.unit.cli.samples import tenant

LLM = "http://127.0.0.1:9000/v1"


def test_backends_are_embedded_and_the_rest_is_as_the_tenant_says(tmp_path: Path) -> None:
    acme = tenant()
    binding = embedded_binding(acme, TenantFolder(tmp_path), LLM)

    assert binding.lexical == SqliteBinding(path=str(tmp_path / "documents.sqlite"), doc_types=["handbook", "product"])
    assert binding.cache == MemoryCacheBinding(key_prefix="acme:")
    assert binding.vectors.directory == str(tmp_path / "vectors")
    assert binding.llm.base_url == LLM
    assert binding.llm.input_price == 0.15
    cluster = tenant_binding(acme, lexical=binding.lexical, cache=binding.cache, vector_directory="/v")
    for part in ("auth", "cache_ttls", "embedding", "guard", "limits", "search", "log_query_text"):
        assert getattr(binding, part) == getattr(cluster, part), part
    assert stand_ins(acme) == []


def test_what_stands_in_for_a_service_that_a_laptop_lacks_is_told(tmp_path: Path) -> None:
    acme = tenant(
        auth={"issuer": "https://login.example.com", "jwksUri": "https://login.example.com/keys"},
        embedding={
            "provider": "OpenAI", "model": "text-embedding-3-small", "dimensions": 1536,
            "baseUrl": "https://api.example.com/v1",
        },
        llm={"baseUrl": "https://api.example.com/v1", "model": "large"},
    )  # fmt: skip

    binding = embedded_binding(acme, TenantFolder(tmp_path), LLM)

    assert isinstance(binding.embedding, BuiltinEmbedding)
    assert binding.vectors.dimensions == binding.embedding.dimensions == 384
    assert (binding.auth.algorithm, binding.auth.jwks_uri) == ("HS256", None)
    assert binding.llm.model == "smollm2-135m-instruct"
    told = " ".join(stand_ins(acme))
    for word in ("RS256", "https://login.example.com/keys", "text-embedding-3-small", "large"):
        assert word in told


def test_the_written_binding_is_read_back_the_same(tmp_path: Path) -> None:
    folder = TenantFolder(tmp_path)
    binding = embedded_binding(tenant(), folder, LLM)

    folder.write(binding)

    assert Binding.load(folder.binding_file) == binding
