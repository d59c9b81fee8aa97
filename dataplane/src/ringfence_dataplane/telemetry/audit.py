"""The audit trail: who did what to which data, and every security event. One JSON line each."""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TextIO

from ringfence_dataplane.telemetry.logs import timestamp

EventType = Literal["DATA_ACCESS", "DATA_CHANGE", "SECURITY_EVENT"]


@dataclass(frozen=True, slots=True)
class Audit:
    """Writes audit events; `write` takes one line without its end."""

    tenant_id: str
    write: Callable[[str], None]

    def record(
        self,
        event_type: EventType,
        action: str,
        result: str,
        *,
        user_id: str = "",
        resource: str = "documents",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Write one event. `details` holds ids and counts, never content, questions or credentials."""
        event = {
            "stream": "audit",  # tells these lines from the log's, where a collector merges the two
            "timestamp": timestamp(),
            "event_type": event_type,
            "tenant_id": self.tenant_id,
            "user_id": user_id,
            "action": action,
            "resource": resource,
            "result": result,
            "details": dict(details or {}),
        }
        self.write(json.dumps(event, ensure_ascii=True, default=str))


def to_stream(stream: TextIO) -> Callable[[str], None]:
    """Whole lines on `stream`, also when threads write at once."""
    lock = threading.Lock()

    def write(line: str) -> None:
        with lock:
            stream.write(line + "\n")
            stream.flush()

    return write


def digest(text: str) -> str:
    """SHA-256 of a question: equal questions can be recognised, none can be read."""
    return hashlib.sha256(text.encode()).hexdigest()
