"""Figures for Prometheus about the operator's own work."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ringfence_operator.reconcile.results import Pass, State


class Metrics:
    """The operator's metrics, in a registry of their own so that tests do not share them."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._seconds = Histogram(
            "ringfence_reconcile_seconds",
            "Duration of one pass over a Tenant",
            registry=self.registry,
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
        )
        self._failures = Counter(
            "ringfence_reconcile_failures", "Passes that ended in a failure", ["reason"], registry=self.registry
        )
        self._repairs = Counter(
            "ringfence_repairs", "Changes that put back what somebody else had changed", registry=self.registry
        )
        self._tenants = Gauge("ringfence_tenants", "Tenants by their state", ["state"], registry=self.registry)
        self.queue_depth = Gauge(
            "ringfence_queue_depth", "Tenants that are due and wait for a worker", registry=self.registry
        )
        self._states: dict[str, State] = {}

    def record(self, tenant: str, result: Pass, seconds: float) -> None:
        """Count one pass."""
        self._seconds.observe(seconds)
        if result.state in (State.FAILED, State.STALLED):
            self._failures.labels(result.reason).inc()
        self._repairs.inc(result.repaired)
        if result.state is None:
            self._states.pop(tenant, None)
        else:
            self._states[tenant] = result.state
        for state in State:
            self._tenants.labels(state.name.lower()).set(sum(1 for known in self._states.values() if known is state))
