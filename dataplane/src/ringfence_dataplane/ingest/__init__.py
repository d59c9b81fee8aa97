"""How a document becomes findable: text, passages, vectors, both indices."""

from ringfence_dataplane.ingest.ingestor import Ingestor

__all__ = ["Ingestor"]
