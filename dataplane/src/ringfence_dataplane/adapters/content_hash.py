"""What makes two documents the same."""

import hashlib
import json
from collections.abc import Sequence

from ringfence_dataplane.documents import Document


def content_hash(document: Document, chunk_ids: Sequence[str]) -> str:
    """SHA-256 over everything its author wrote and over how it was cut; hexadecimal."""
    whole = [document.doc_type, document.title, document.content, document.metadata, list(chunk_ids)]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
