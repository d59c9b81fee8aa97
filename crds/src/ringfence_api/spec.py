"""Spec of a Tenant. A field stands here once it has an effect, and not before."""

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field

from ringfence_api.schema import ApiModel, Rule

# A DNS name with a letter in its last label: an IP address in any spelling (0x7f.1, [::1], 2130706433) is refused,
# so that no Tenant can point a data plane at a metadata service or a node.
HOST_PATTERN = r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?"
_PORT_PATTERN = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
Url = Annotated[
    str,
    Field(
        max_length=512,
        pattern=rf"^https?://{HOST_PATTERN}(:{_PORT_PATTERN})?(/[A-Za-z0-9._~/-]*)?$",
        description="http(s) URL of a host with a DNS name (an IP address is refused)",
    ),
]
DnsLabel = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")]
DocType = Annotated[str, Field(max_length=30, pattern=r"^[a-z][a-z0-9-]*$")]
Cpu = Annotated[str, Field(max_length=12, pattern=r"^[1-9][0-9]{0,5}m?$")]
Bytes = Annotated[str, Field(max_length=12, pattern=r"^[1-9][0-9]{0,5}(Ki|Mi|Gi|Ti)?$")]
SecretName = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        description="Secret in the operator's namespace that the platform has labelled "
        "ringfence.dev/tenant=<this tenant>; its key `api-key` is used",
    ),
]


_Item = TypeVar("_Item", bound=str)


def _each_once(items: list[_Item]) -> list[_Item]:
    """What `x-kubernetes-list-type: set` says in the API server."""
    if len(set(items)) != len(items):
        raise ValueError("a value stands here more than once: leave out the others")
    return items


EachOnce = AfterValidator(_each_once)


class Auth(ApiModel):
    """Which tokens the data plane accepts."""

    rules = (
        Rule(
            "self.algorithm != 'HS256' || (has(self.dev) && self.dev)",
            "HS256 is for development: write `algorithm: RS256` with `jwksUri`, or add `dev: true`",
            lambda a: a.algorithm != "HS256" or a.dev,
        ),
        Rule(
            "self.algorithm != 'RS256' || has(self.jwksUri)",
            "RS256 needs `jwksUri`: the URL of your identity provider's JSON Web Key Set",
            lambda a: a.algorithm != "RS256" or a.jwks_uri is not None,
        ),
    )

    issuer: str = Field(min_length=1, max_length=512, description="required value of the `iss` claim")
    audience: str = Field("ringfence", min_length=1, max_length=512, description="required `aud` claim")
    algorithm: Literal["RS256", "HS256"] = Field("RS256", description="the only signature algorithm accepted")
    jwks_uri: Url | None = Field(None, description="JSON Web Key Set with the issuer's public keys (RS256)")
    dev: bool = Field(False, description="allow HS256 with a key that the operator generates")
    leeway_seconds: int = Field(30, ge=0, le=60, description="clock difference tolerated for exp, nbf and iat")


class Weights(ApiModel):
    """Shares of the two legs in a hybrid score."""

    rules = (
        Rule(
            "self.bm25 + self.vector > 0.999 && self.bm25 + self.vector < 1.001",
            "weights must add up to 1, for example `bm25: 0.4` and `vector: 0.6`",
            lambda w: 0.999 < w.bm25 + w.vector < 1.001,
        ),
    )

    bm25: float = Field(0.4, ge=0, le=1)
    vector: float = Field(0.6, ge=0, le=1)


class Search(ApiModel):
    """What is searched, and how hits are ranked."""

    doc_types: Annotated[list[DocType], EachOnce] = Field(
        min_length=1,
        max_length=10,
        description="document types; each gets an index genai_{tenant}_{type}",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    weights: Weights = Field(default_factory=Weights, description="shares of BM25 and vectors in a score")
    threshold: float = Field(0.3, ge=0, le=1, description="hits that score less are dropped")
    top_k: int = Field(5, ge=1, le=20, description="hits returned at the most")


class Embedding(ApiModel):
    """Model that turns text into vectors."""

    rules = (
        Rule(
            "self.provider != 'OpenAI' || (has(self.baseUrl) && has(self.dimensions))",
            "provider OpenAI needs `baseUrl` and `dimensions`, for example 1536 for text-embedding-3-small",
            lambda e: e.provider != "OpenAI" or (e.base_url is not None and e.dimensions is not None),
        ),
        Rule(
            "self.provider != 'Builtin' || (self.model == 'all-MiniLM-L6-v2' && !has(self.baseUrl) "
            "&& (!has(self.dimensions) || self.dimensions == 384))",
            "provider Builtin is all-MiniLM-L6-v2 with 384 dimensions: leave `model`, `dimensions` and `baseUrl` "
            "out, or write `provider: OpenAI` for another endpoint",
            lambda e: (
                e.provider != "Builtin"
                or (e.model == "all-MiniLM-L6-v2" and e.base_url is None and e.dimensions in (None, 384))
            ),
        ),
    )

    provider: Literal["Builtin", "OpenAI"] = Field(
        "Builtin", description="Builtin runs in the data plane; OpenAI is any compatible endpoint"
    )
    model: str = Field("all-MiniLM-L6-v2", min_length=1, max_length=128)
    dimensions: int | None = Field(None, ge=8, le=4096)
    base_url: Url | None = None
    api_key_secret: SecretName | None = None
    price_per_million_tokens: float = Field(0, ge=0, le=10_000, description="dollars")

    @property
    def vector_dimensions(self) -> int:
        """Length of a vector; the builtin model has 384."""
        return self.dimensions or 384


class Llm(ApiModel):
    """Model that writes answers: any OpenAI-compatible endpoint."""

    base_url: Url
    model: str = Field(min_length=1, max_length=128)
    api_key_secret: SecretName | None = None
    input_price_per_million_tokens: float = Field(0, ge=0, le=10_000, description="dollars")
    output_price_per_million_tokens: float = Field(0, ge=0, le=10_000, description="dollars")
    max_output_tokens: int = Field(256, ge=16, le=8192)
    timeout_seconds: int = Field(30, ge=1, le=120, description="deadline of the whole request")


class Cache(ApiModel):
    """How long cached values live, in seconds; 0 turns one cache off."""

    query_ttl_seconds: int = Field(3600, ge=0, le=604_800, description="search results")
    embedding_ttl_seconds: int = Field(86_400, ge=0, le=2_592_000, description="query vectors")
    answer_ttl_seconds: int = Field(1800, ge=0, le=604_800, description="answers of the language model")


PiiType = Literal["EMAIL", "PHONE", "SSN", "CREDIT_CARD", "IBAN", "IP_ADDRESS"]
ALL_PII: tuple[PiiType, ...] = ("EMAIL", "PHONE", "SSN", "CREDIT_CARD", "IBAN", "IP_ADDRESS")


class Guard(ApiModel):
    """Checks on what goes in and what comes out."""

    prompt_injection: Literal["Block", "Flag"] = Field(
        "Block", description="Block refuses a suspicious question; Flag answers and records a security event"
    )
    redact_pii: Annotated[list[PiiType], EachOnce] = Field(
        list(ALL_PII),  # not a factory: only a value gets into the schema, where people see it
        max_length=6,
        description="kinds of personal data replaced by [REDACTED_kind]",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class Limits(ApiModel):
    """What one tenant may ask for."""

    requests_per_minute: int = Field(100, ge=1, le=100_000, description="of the whole tenant, over all pods")
    max_query_characters: int = Field(10_000, ge=1, le=10_000)
    max_document_bytes: int = Field(1_048_576, ge=1024, le=10_485_760)


class Scaling(ApiModel):
    """Size and number of data-plane pods."""

    rules = (
        Rule(
            "self.minReplicas <= self.maxReplicas",
            "`minReplicas` must not be above `maxReplicas`",
            lambda s: s.min_replicas <= s.max_replicas,
        ),
    )

    min_replicas: int = Field(2, ge=1, le=20)
    max_replicas: int = Field(20, ge=1, le=20)
    cpu: Cpu = Field("250m", description="CPU request of a pod, such as `250m` or `2`")
    memory: Bytes = Field("512Mi", description="memory request and limit of a pod, such as `512Mi`")


class Storage(ApiModel):
    """Volume for FAISS segments."""

    rules = (
        Rule(
            "has(self.storageClassName) == has(oldSelf.storageClassName) "
            "&& (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",
            "`storageClassName` cannot change: a volume keeps its class; create a new Tenant to move data",
            lambda _: True,  # compares with the stored object, which a laptop does not have
        ),
    )

    size: Bytes = Field("1Gi", description="size of the volume, such as `1Gi`")
    storage_class_name: DnsLabel | None = Field(None, description="left out: the cluster's default class")


class Network(ApiModel):
    """Who may call the data plane."""

    ingress_from: Annotated[list[DnsLabel], EachOnce] = Field(
        [],
        max_length=50,
        description="namespaces whose pods may call the data plane",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class Observability(ApiModel):
    """What is written down."""

    log_query_text: bool = Field(False, description="write questions into the log (they may hold personal data)")


class TenantSpec(ApiModel):
    """What a platform engineer asks for."""

    auth: Auth
    search: Search
    embedding: Embedding = Field(default_factory=Embedding)
    llm: Llm
    cache: Cache = Field(default_factory=Cache)
    guard: Guard = Field(default_factory=Guard)
    limits: Limits = Field(default_factory=Limits)
    scaling: Scaling = Field(default_factory=Scaling)
    storage: Storage = Field(default_factory=Storage)
    network: Network = Field(default_factory=Network)
    observability: Observability = Field(default_factory=Observability)
    deletion_policy: Literal["Retain", "Delete"] = Field(
        "Retain", description="Retain keeps indices, cache key and volume; Delete leaves nothing behind"
    )
