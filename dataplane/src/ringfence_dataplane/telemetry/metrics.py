"""The metrics of one data plane.

prometheus_client ends a counter's exposed name in `_total`, and a duration ends in `_seconds`: where that changes a
name that dashboards were promised, the promised name opens the help text.
"""

import re
import threading

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0)  # seconds
UNIT = tuple(tenth / 10 for tenth in range(11))  # scores between 0 and 1

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
# Names in a foreign token are chosen by whoever sends it: this many get a series of their own.
_FOREIGN_NAMES = 100


class Metrics:
    """The fifteen metrics, on a registry of their own: two apps in one process do not share counts."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._foreign: set[str] = set()
        self._lock = threading.Lock()
        tenant = ["tenant_id"]
        self.queries = Counter("queries", "queries_total: questions received", tenant, registry=self.registry)
        self.query_duration = Histogram(
            "query_duration_seconds",
            "Time from request to response",
            [*tenant, "endpoint"],
            buckets=SLOW,
            registry=self.registry,
        )
        self.retrieval_score = Histogram(
            "retrieval_score",
            "Scores of returned passages, 0 to 1",
            [*tenant, "search_type"],
            buckets=UNIT,
            registry=self.registry,
        )
        self.cache_hits = Counter(
            "cache_hits", "cache_hits_total: found values", [*tenant, "cache_type"], registry=self.registry
        )
        self.cache_misses = Counter(
            "cache_misses",
            "cache_misses_total: absent or rejected values",
            [*tenant, "cache_type"],
            registry=self.registry,
        )
        self.errors = Counter(
            "errors", "errors_total: failures by kind", [*tenant, "error_type"], registry=self.registry
        )
        self.cross_tenant = Counter(
            "cross_tenant_attempts",
            "cross_tenant_attempts: refused attempts of one tenant to reach another",
            ["attacker_id", "target_id"],
            registry=self.registry,
        )
        self.pii_redactions = Counter(
            "pii_redactions",
            "pii_redactions_total: personal data replaced",
            [*tenant, "pii_type"],
            registry=self.registry,
        )
        self.llm_tokens = Counter(
            "llm_tokens_generated",
            "llm_tokens_generated: tokens the model wrote",
            [*tenant, "model"],
            registry=self.registry,
        )
        self.cost = Counter(
            "cost_dollars", "cost_dollars_total: dollars spent", [*tenant, "cost_type"], registry=self.registry
        )
        self.breaker_events = Counter(
            "circuit_breaker_events",
            "circuit_breaker_events: state changes of circuit breakers",
            ["service_name", "event_type"],
            registry=self.registry,
        )
        self.active = Gauge("active_requests", "Requests being served", [*tenant, "endpoint"], registry=self.registry)
        self.vector_latency = Histogram(
            "vector_search_latency_seconds",
            "vector_search_latency: time of a vector search",
            [*tenant, "store_type"],
            buckets=FAST,
            registry=self.registry,
        )
        self.bm25_latency = Histogram(
            "bm25_search_latency_seconds",
            "bm25_search_latency: time of a BM25 search",
            tenant,
            buckets=FAST,
            registry=self.registry,
        )
        self.llm_latency = Histogram(
            "llm_latency_seconds",
            "Time of a language model call",
            [*tenant, "model"],
            buckets=SLOW,
            registry=self.registry,
        )

    def crossed(self, attacker: str, target: str) -> None:
        """Count an attempt to cross tenants; names that are none, or too many, share one series."""
        self.cross_tenant.labels(self._bounded(attacker), self._bounded(target)).inc()

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)

    def _bounded(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            return "invalid"
        with self._lock:
            if name not in self._foreign and len(self._foreign) >= _FOREIGN_NAMES:
                return "other"
            self._foreign.add(name)
        return name
