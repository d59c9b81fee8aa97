"""The Binding: the document by which the operator tells a data plane who it is and what it may use.

Public parts are in one JSON file; every credential is a file of its own in a second folder, named by the
constants below. The data plane reads nothing else about its tenant.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

BINDING_FILE = "binding.json"

# Names of credential files; they are also the keys of the credentials Secret.
OPENSEARCH_PASSWORD = "opensearch-password"  # noqa: S105 - a file's name
OPENSEARCH_CA = "opensearch-ca.crt"
REDIS_PASSWORD = "redis-password"  # noqa: S105 - a file's name
REDIS_CA = "redis-ca.crt"
CACHE_KEY = "cache-key"  # 32 bytes, hexadecimal: seals cached values
MANIFEST_KEY = "manifest-key"  # 32 bytes, hexadecimal: authenticates the FAISS manifest
TOKEN_KEY = "token-key"  # noqa: S105 - a file's name; HS256 key of development tenants
LLM_API_KEY = "llm-api-key"
EMBEDDING_API_KEY = "embedding-api-key"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AuthBinding(_Part):
    """Tokens that are accepted: exactly one algorithm."""

    issuer: str
    audience: str
    algorithm: Literal["RS256", "HS256"]
    jwks_uri: str | None = None
    leeway_seconds: int


class OpenSearchBinding(_Part):
    """Lexical and document store in a cluster."""

    kind: Literal["opensearch"] = "opensearch"
    url: str
    username: str
    indices: dict[str, str] = Field(description="document type → exact index name")


class SqliteBinding(_Part):
    """Lexical and document store on a laptop."""

    kind: Literal["sqlite"] = "sqlite"
    path: str
    doc_types: list[str]


class VectorBinding(_Part):
    """Folder of FAISS segments."""

    directory: str
    dimensions: int


class RedisBinding(_Part):
    """Cache in a cluster."""

    kind: Literal["redis"] = "redis"
    url: str = Field(description="rediss://host:port")
    username: str
    key_prefix: str


class MemoryCacheBinding(_Part):
    """Cache on a laptop: in process."""

    kind: Literal["memory"] = "memory"
    key_prefix: str


class CacheTtls(_Part):
    """Seconds; 0 turns one cache off."""

    query: int
    embedding: int
    answer: int


class BuiltinEmbedding(_Part):
    """all-MiniLM-L6-v2 inside the data plane."""

    kind: Literal["builtin"] = "builtin"
    model: str
    dimensions: int
    price_per_million_tokens: float = 0


class OpenAIEmbedding(_Part):
    """An OpenAI-compatible embeddings endpoint."""

    kind: Literal["openai"] = "openai"
    base_url: str
    model: str
    dimensions: int
    price_per_million_tokens: float = 0


class LlmBinding(_Part):
    """An OpenAI-compatible chat endpoint. Prices in dollars per million tokens."""

    base_url: str
    model: str
    input_price: float
    output_price: float
    max_output_tokens: int
    timeout_seconds: int


class SearchBinding(_Part):
    """Ranking."""

    bm25_weight: float
    vector_weight: float
    threshold: float
    top_k: int


class GuardBinding(_Part):
    """Checks in and out."""

    prompt_injection: Literal["Block", "Flag"]
    redact_pii: list[str]


class LimitsBinding(_Part):
    """Bounds of a request."""

    requests_per_minute: int
    max_query_characters: int
    max_document_bytes: int


class Binding(_Part):
    """Everything public that one data plane knows."""

    tenant: str
    auth: AuthBinding
    lexical: Annotated[OpenSearchBinding | SqliteBinding, Field(discriminator="kind")]
    vectors: VectorBinding
    cache: Annotated[RedisBinding | MemoryCacheBinding, Field(discriminator="kind")]
    cache_ttls: CacheTtls
    embedding: Annotated[BuiltinEmbedding | OpenAIEmbedding, Field(discriminator="kind")]
    llm: LlmBinding
    search: SearchBinding
    guard: GuardBinding
    limits: LimitsBinding
    log_query_text: bool

    @property
    def doc_types(self) -> list[str]:
        """Document types of this tenant."""
        if isinstance(self.lexical, OpenSearchBinding):
            return list(self.lexical.indices)
        return self.lexical.doc_types

    def to_json(self) -> str:
        """Stable text: the same Binding gives the same bytes."""
        return self.model_dump_json(indent=2) + "\n"

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read `binding.json`.

        Raises:
            OSError: the file cannot be read.
            pydantic.ValidationError: it is no Binding of this version.
        """
        return cls.model_validate_json(path.read_bytes())
