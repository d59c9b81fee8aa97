"""The Binding of a tenant on a laptop: its own settings, embedded backends, local models."""

from ringfence_api.binding import AuthBinding, Binding, BuiltinEmbedding, MemoryCacheBinding, SqliteBinding
from ringfence_api.names import redis_key_prefix
from ringfence_api.tenant import Tenant
from ringfence_operator.cli.dev.folder import TenantFolder
from ringfence_operator.desired.binding import tenant_binding

LOCAL_LLM = "smollm2-135m-instruct"
LOCAL_EMBEDDING = BuiltinEmbedding(model="all-MiniLM-L6-v2", dimensions=384)


def embedded_binding(tenant: Tenant, folder: TenantFolder, llm_base_url: str) -> Binding:
    """What the tenant's data plane gets on this machine.

    The models run here whatever endpoints the Tenant names, and tokens are signed with a key made here: a laptop has
    neither the platform's API keys nor its identity provider. `stand_ins` says so to the user.
    """
    asked = tenant_binding(
        tenant,
        lexical=SqliteBinding(path=str(folder.documents), doc_types=list(tenant.spec.search.doc_types)),
        cache=MemoryCacheBinding(key_prefix=redis_key_prefix(tenant.name)),
        vector_directory=str(folder.vectors),
    )
    embedding = asked.embedding if isinstance(asked.embedding, BuiltinEmbedding) else LOCAL_EMBEDDING
    return asked.model_copy(
        update={
            "auth": AuthBinding(
                issuer=asked.auth.issuer,
                audience=asked.auth.audience,
                algorithm="HS256",
                leeway_seconds=asked.auth.leeway_seconds,
            ),
            "embedding": embedding,
            "vectors": asked.vectors.model_copy(update={"dimensions": embedding.dimensions}),
            "llm": asked.llm.model_copy(update={"base_url": llm_base_url, "model": LOCAL_LLM}),
        }
    )


def stand_ins(tenant: Tenant) -> list[str]:
    """What is different here from what the Tenant asks for; empty when only the backends are."""
    spec = tenant.spec
    told = []
    if spec.auth.algorithm != "HS256":
        told.append(f"tokens: HS256 with a key made here, in place of {spec.auth.algorithm} from {spec.auth.jwks_uri}")
    if spec.embedding.provider != "Builtin":
        told.append(f"embeddings: {LOCAL_EMBEDDING.model}, in place of {spec.embedding.model}")
    if spec.llm.model != LOCAL_LLM:
        told.append(f"language model: {LOCAL_LLM}, in place of {spec.llm.model}")
    return told
