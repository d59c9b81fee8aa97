"""`ringfence-operator`: runs until SIGTERM."""

import asyncio
import logging
import os
import sys

import kopf
import structlog
from prometheus_client import start_http_server

from ringfence_operator.handlers import Watch, kopf_settings, registry
from ringfence_operator.reconcile.controller import Controller
from ringfence_operator.reconcile.metrics import Metrics
from ringfence_operator.reconcile.queue import WorkQueue
from ringfence_operator.settings import InvalidSettings, LogFormat, Settings
from ringfence_operator.wiring import kubernetes_configuration, reconciler

log = structlog.get_logger()


def main() -> None:
    """Read the settings and run; a setting that is wrong ends the program with status 2."""
    try:
        settings = Settings.from_environment(os.environ)
    except InvalidSettings as error:
        print(f"ringfence-operator: {error}", file=sys.stderr)
        sys.exit(2)
    configure_logging(settings.log_format)
    asyncio.run(operate(settings))


async def operate(settings: Settings) -> None:
    """Run kopf's watch and the controller together: where one fails the other ends, and the pod is restarted."""
    metrics = Metrics()
    server, thread = start_http_server(settings.metrics_port, registry=metrics.registry)
    try:
        async with reconciler(settings, await kubernetes_configuration()) as reconcile, asyncio.TaskGroup() as group:
            queue = WorkQueue()
            controller = Controller(queue, reconcile, metrics, workers=settings.workers)
            working = group.create_task(controller.run())
            # Kopf takes every task made after its own start for a part of itself, and at the end waits for it in vain.
            await controller.started.wait()
            log.info("operator started", namespace=settings.platform.operator_namespace)
            await kopf.operator(
                registry=registry(Watch(queue.add), lambda: controller.heartbeat),
                settings=kopf_settings(),
                clusterwide=True,
                liveness_endpoint=f"http://0.0.0.0:{settings.health_port}/healthz",
            )
            working.cancel()  # kopf has returned: SIGTERM
    finally:
        server.shutdown()
        thread.join(timeout=5)


def configure_logging(log_format: LogFormat) -> None:
    """One line per event on standard output, as JSON in a cluster."""
    renderer = structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, renderer], wrapper_class=structlog.make_filtering_bound_logger(logging.INFO)
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # It warns of every 404, which is how one asks whether something is there; errors reach the conditions anyway.
    logging.getLogger("opensearch").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    main()
