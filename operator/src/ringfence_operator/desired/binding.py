"""The Binding that a Tenant asks for. What differs between a cluster and a laptop comes in as arguments."""

from ringfence_api.binding import (
    AuthBinding,
    Binding,
    BuiltinEmbedding,
    CacheTtls,
    GuardBinding,
    LimitsBinding,
    LlmBinding,
    MemoryCacheBinding,
    OpenAIEmbedding,
    OpenSearchBinding,
    RedisBinding,
    SearchBinding,
    SqliteBinding,
    VectorBinding,
)
from ringfence_api.spec import Embedding, Llm, Search, TenantSpec
from ringfence_api.tenant import Tenant


def tenant_binding(
    tenant: Tenant,
    *,
    lexical: OpenSearchBinding | SqliteBinding,
    cache: RedisBinding | MemoryCacheBinding,
    vector_directory: str,
) -> Binding:
    """The Binding of `tenant` on the given backends; everything else is as its spec says."""
    spec = tenant.spec
    return Binding(
        tenant=tenant.name,
        auth=_auth(spec),
        lexical=lexical,
        vectors=VectorBinding(directory=vector_directory, dimensions=spec.embedding.vector_dimensions),
        cache=cache,
        cache_ttls=CacheTtls(
            query=spec.cache.query_ttl_seconds,
            embedding=spec.cache.embedding_ttl_seconds,
            answer=spec.cache.answer_ttl_seconds,
        ),
        embedding=_embedding(spec.embedding),
        llm=_llm(spec.llm),
        search=_search(spec.search),
        guard=GuardBinding(prompt_injection=spec.guard.prompt_injection, redact_pii=list(spec.guard.redact_pii)),
        limits=LimitsBinding(
            requests_per_minute=spec.limits.requests_per_minute,
            max_query_characters=spec.limits.max_query_characters,
            max_document_bytes=spec.limits.max_document_bytes,
        ),
        log_query_text=spec.observability.log_query_text,
    )


def _auth(spec: TenantSpec) -> AuthBinding:
    return AuthBinding(
        issuer=spec.auth.issuer,
        audience=spec.auth.audience,
        algorithm=spec.auth.algorithm,
        jwks_uri=spec.auth.jwks_uri,
        leeway_seconds=spec.auth.leeway_seconds,
    )


def _embedding(embedding: Embedding) -> BuiltinEmbedding | OpenAIEmbedding:
    if embedding.provider == "Builtin" or embedding.base_url is None:
        return BuiltinEmbedding(
            model=embedding.model,
            dimensions=embedding.vector_dimensions,
            price_per_million_tokens=embedding.price_per_million_tokens,
        )
    return OpenAIEmbedding(
        base_url=embedding.base_url,
        model=embedding.model,
        dimensions=embedding.vector_dimensions,
        price_per_million_tokens=embedding.price_per_million_tokens,
    )


def _llm(llm: Llm) -> LlmBinding:
    return LlmBinding(
        base_url=llm.base_url,
        model=llm.model,
        input_price=llm.input_price_per_million_tokens,
        output_price=llm.output_price_per_million_tokens,
        max_output_tokens=llm.max_output_tokens,
        timeout_seconds=llm.timeout_seconds,
    )


def _search(search: Search) -> SearchBinding:
    return SearchBinding(
        bm25_weight=search.weights.bm25,
        vector_weight=search.weights.vector,
        threshold=search.threshold,
        top_k=search.top_k,
    )
