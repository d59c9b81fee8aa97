"""Lexical and document store in a cluster: OpenSearch, through a user confined to the tenant's exact indices."""

from ringfence_dataplane.adapters.opensearch.store import OpenSearchStore

__all__ = ["OpenSearchStore"]
