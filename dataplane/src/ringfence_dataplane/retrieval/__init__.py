"""Hybrid retrieval: BM25 and vectors side by side, fused into one ranking of documents."""

from ringfence_dataplane.retrieval.hybrid import Found, Hybrid

__all__ = ["Found", "Hybrid"]
