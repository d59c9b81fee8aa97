"""A Binding and callers for tests of the data plane."""

from ringfence_api.binding import Binding
from ringfence_dataplane.tenancy import READ, WRITE, BoundTenant, authenticated


def binding(tenant: str = "acme") -> Binding:
    """Binding of a laptop tenant."""
    return Binding.model_validate(
        {
            "tenant": tenant,
            "auth": {"issuer": "test", "audience": "ringfence", "algorithm": "HS256", "leeway_seconds": 30},
            "lexical": {"kind": "sqlite", "path": ":memory:", "doc_types": ["handbook"]},
            "vectors": {"directory": "vectors", "dimensions": 8},
            "cache": {"kind": "memory", "key_prefix": f"{tenant}:"},
            "cache_ttls": {"query": 3600, "embedding": 86400, "answer": 1800},
            "embedding": {"kind": "builtin", "model": "all-MiniLM-L6-v2", "dimensions": 384},
            "llm": {
                "base_url": "http://llm.test/v1",
                "model": "small",
                "input_price": 0,
                "output_price": 0,
                "max_output_tokens": 64,
                "timeout_seconds": 30,
            },
            "search": {"bm25_weight": 0.4, "vector_weight": 0.6, "threshold": 0.3, "top_k": 5},
            "guard": {"prompt_injection": "Block", "redact_pii": []},
            "limits": {"requests_per_minute": 100, "max_query_characters": 10000, "max_document_bytes": 1048576},
            "log_query_text": False,
        }
    )


def caller(tenant: str = "acme") -> BoundTenant:
    """Somebody who may read and write."""
    return authenticated(binding(tenant), "alice", frozenset({READ, WRITE}))
