"""Turns whatever a request raises into a problem document."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ringfence_dataplane.middleware.context import request_id
from ringfence_dataplane.ports import Unavailable
from ringfence_dataplane.problems import Problem, internal, unavailable
from ringfence_dataplane.telemetry.logs import get_logger
from ringfence_dataplane.telemetry.metrics import Metrics

_log = get_logger(__name__)


class Problems:
    """Nothing gets past it but a response; an unexpected error is logged and answered without its text."""

    def __init__(self, app: ASGIApp, metrics: Metrics, tenant_id: str) -> None:
        self._app = app
        self._metrics = metrics
        self._tenant_id = tenant_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a problem when the request raises."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            problem = self._problem(error)
            self._metrics.errors.labels(self._tenant_id, problem.kind).inc()
            if started:
                raise  # half a response is out: the server must cut the connection
            await problem.response(request_id(scope))(scope, receive, send)

    def _problem(self, error: Exception) -> Problem:
        if isinstance(error, Problem):
            return error
        if isinstance(error, Unavailable):
            _log.warning("backend_unavailable", service=error.service)
            return unavailable(error.service)
        # The traceback shows code, not values: messages of libraries may quote a question or a key.
        _log.error("request_failed", error_type=type(error).__name__, where=_where(error))
        return internal()


def _where(error: BaseException) -> list[str]:
    """`file:line function` of every frame, outermost first."""
    frames, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames
