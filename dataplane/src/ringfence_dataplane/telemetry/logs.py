"""Two streams of JSON lines: the log on stdout, the audit trail on stderr, so that collectors keep them apart."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

_TOP = ("timestamp", "level", "logger", "message", "event", "exception", "color_message")


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging to `stream` (stdout) as JSON lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
        _shape,
    ]
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # These write a line per request to a backend, with its URL.
    for chatty in ("httpx", "httpx2", "httpcore", "opensearch", "openai", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Logger named after its module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def timestamp() -> str:
    """Now, in UTC, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shape(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """`{timestamp, level, logger, message, event, context}`: what a caller adds is context."""
    internal = {key: value for key, value in event.items() if key.startswith("_")}
    text = str(event.get("event", ""))
    context = {key: value for key, value in event.items() if key not in _TOP and key not in internal}
    shaped: dict[str, Any] = {
        "timestamp": timestamp(),
        "level": str(event.get("level", "info")).upper(),
        "logger": event.get("logger", ""),
        "message": event.get("message", text),
        "event": text,
        "context": context,
    }
    if "exception" in event:
        shaped["exception"] = event["exception"]
    return {**shaped, **internal}
