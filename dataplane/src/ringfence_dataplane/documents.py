"""Documents, the chunks that are searched, and hits."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of one tenant, as its author wrote it (text already extracted)."""

    id: str
    tenant_id: str
    doc_type: str
    title: str
    content: str
    version: int = 1
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: what is indexed, ranked and cited.

    `start` and `end` are character offsets into the document's content, `end` exclusive.
    """

    id: str
    tenant_id: str
    document_id: str
    doc_type: str
    version: int
    title: str
    content: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk with its score; what the score means depends on who made it (raw BM25, cosine, fused 0–1)."""

    chunk: Chunk
    score: float
