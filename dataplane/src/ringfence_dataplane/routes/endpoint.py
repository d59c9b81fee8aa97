"""An endpoint as a value: from it come the route, the check of permissions and the entry in /openapi.json."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ringfence_dataplane.middleware.context import bound_tenant
from ringfence_dataplane.problems import Problem
from ringfence_dataplane.tenancy import BoundTenant

Handler = Callable[[Request, BoundTenant], Awaitable[Response]]
PublicHandler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Reply:
    """One possible response: what it means, and its body's model or media type."""

    meaning: str
    model: type[BaseModel] | None = None
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path, for callers with `permission`."""

    method: str
    path: str
    permission: str
    handler: Handler
    summary: str
    replies: dict[int, Reply]
    request: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()

    async def handle(self, request: Request) -> Response:
        """Check the permission, then hand over with the caller as a parameter."""
        tenant = bound_tenant(request.scope)
        if self.permission not in tenant.permissions:
            raise Problem(
                403,
                "permission-missing",
                "A permission is missing",
                f"This needs a token whose claim `permissions` holds `{self.permission}`.",
                extra={"permission": self.permission},
            )
        return await self.handler(request, tenant)


@dataclass(frozen=True, slots=True)
class PublicEndpoint:
    """A page that needs no token. `problems` are the statuses of its problem documents."""

    path: str
    handler: PublicHandler
    summary: str
    replies: dict[int, Reply]
    problems: tuple[int, ...] = field(default=())


def routes(endpoints: list[Endpoint], public: list[PublicEndpoint]) -> list[Route]:
    """One route a path: a method that it lacks is a 405 with the list of those it has."""
    found = [Route(page.path, page.handler, methods=["GET"]) for page in public]
    for path in dict.fromkeys(endpoint.path for endpoint in endpoints):
        methods = {endpoint.method: endpoint for endpoint in endpoints if endpoint.path == path}
        found.append(Route(path, _dispatch(methods), methods=list(methods)))
    return found


def _dispatch(methods: dict[str, Endpoint]) -> PublicHandler:
    async def handle(request: Request) -> Response:
        # Starlette adds HEAD wherever GET is.
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method].handle(request)

    return handle
