"""Bodies of requests and responses. They are also the schemas of /openapi.json."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

DOCUMENT_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
ContentType = Literal["text/plain", "text/markdown", "text/html"]


def _printable(text: str) -> str:
    if any(ord(char) < 32 and char not in "\n\r\t" for char in text):
        raise ValueError("control characters such as NUL are not allowed")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


Text = Annotated[str, AfterValidator(_printable)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class QueryRequest(_Request):
    """A question."""

    query: Annotated[Text, AfterValidator(_not_blank)] = Field(
        min_length=1,
        max_length=10_000,
        description="the question; the Tenant may set a lower limit",
        examples=["How many days of holiday do I get?"],
    )


class DocumentBody(_Request):
    """A document to store in place of its former version."""

    title: Text = Field("", max_length=500, description="left out: the first heading, else the id")
    content: Annotated[Text, AfterValidator(_not_blank)] = Field(min_length=1, description="the document itself")
    doc_type: str = Field(max_length=30, description="one of the Tenant's document types")
    content_type: ContentType = Field("text/plain", description="how `content` is written")


class NewDocument(DocumentBody):
    """A document to store; with the id of an existing one it takes that one's place."""

    id: str | None = Field(None, pattern=DOCUMENT_ID, description="left out: a new one is made")


class _Response(BaseModel):
    model_config = ConfigDict(frozen=True)


class SourceBody(_Response):
    """A passage that the answer rests on. `start` and `end` are character offsets into the document's content."""

    citation: int = Field(description="the number by which the answer cites it: [1]")
    content: str = Field(description="the passage, personal data replaced")
    score: float = Field(description="0 to 1")
    document_id: str
    title: str
    doc_type: str
    version: int
    start: int
    end: int


class QueryResponse(_Response):
    """An answer with its sources."""

    answer: str = Field(description="empty when the language model is unavailable: the sources then stand alone")
    grounded: bool = Field(description="whether every sentence of the answer is borne out by the source it cites")
    sources: list[SourceBody] = Field(description="best first")
    tenant_id: str
    query_id: str
    cost_dollars: float
    cache_hit: bool = Field(description="whether the answer was kept from an earlier question")
    degraded: list[str] = Field(description="what was missing: `llm`, `vectors`, `opensearch`, `cache`")


class StoredResponse(_Response):
    """What became of a document."""

    id: str
    status: Literal["created", "updated", "unchanged"]
    version: int


class DocumentResponse(_Response):
    """A stored document; `content` is its extracted text."""

    id: str
    doc_type: str
    title: str
    content: str
    version: int
    metadata: dict[str, str]


class FieldError(_Response):
    """One field of a request that is not as it must be."""

    field: str
    message: str


class ProblemResponse(_Response):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str = Field(description="URI of the kind of problem", examples=["https://ringfence.dev/problems/invalid"])
    title: str
    status: int
    detail: str = Field(description="what to do")
    query_id: str = Field(description="name of this request in the log")
    errors: list[FieldError] | None = Field(None, description="the fields that are wrong (422)")


class Health(_Response):
    """The process lives."""

    status: Literal["ok"]


class Readiness(_Response):
    """What is ready; `degraded` parts are missing but not needed."""

    status: Literal["ready", "not ready"]
    tenant_id: str
    checks: dict[str, str]
