"""Starts the programs of `ringfence dev`, as much as possible at the same time."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ringfence_api.tenant import Tenant
from ringfence_operator.cli.dev.binding import embedded_binding, stand_ins
from ringfence_operator.cli.dev.children import Children
from ringfence_operator.cli.dev.plan import Plan
from ringfence_operator.cli.dev.ports import HOST, any_free_port, free_ports
from ringfence_operator.cli.dev.programs import EMBEDDING_MODEL_FILE, LLM_ENVIRONMENT
from ringfence_operator.cli.dev.screen import Screen
from ringfence_operator.cli.dev.tour import Stop
from ringfence_operator.cli.dev_tokens import mint

CONVERT_SECONDS = 120.0


@dataclass(frozen=True)
class Started:
    """What runs, though it may not be ready yet."""

    stops: Sequence[Stop]
    model_url: str


async def start(plan: Plan, screen: Screen, children: Children) -> Started:
    """Start the language model and one data plane per tenant.

    Raises:
        ChildDied: the embedding model could not be made.
    """
    screen.title(len(plan.tenants))
    port = any_free_port()
    model_url = f"http://{HOST}:{port}"
    log = plan.folder.log("language-model")
    await children.start("language-model", plan.programs.language_model(port), log, LLM_ENVIRONMENT)
    await _embedding_model(plan, screen, children)
    stops = [
        await _data_plane(plan, children, tenant, free, f"{model_url}/v1")
        for tenant, free in zip(plan.tenants, _ports(plan, port), strict=True)
    ]
    for tenant in plan.tenants:
        for told in stand_ins(tenant):
            screen.note(tenant.name, told)
        if tenant.name not in plan.pages:
            screen.note(tenant.name, "no documents: name their folder with --documents, or send some as shown below")
    return Started(stops, model_url)


def _ports(plan: Plan, taken: int) -> Iterator[int]:
    free = (port for port in free_ports(plan.first_port) if port != taken)
    return islice(free, len(plan.tenants))


async def _embedding_model(plan: Plan, screen: Screen, children: Children) -> None:
    folder = plan.models
    if (folder / EMBEDDING_MODEL_FILE).is_file():
        return
    began = time.monotonic()
    log = plan.folder.log("embedding-model")
    with screen.waiting("converting the embedding model, once …"):
        await children.run("embedding-model", plan.programs.embedding_converter(folder), log, CONVERT_SECONDS)
    screen.step("embedding model", f"converted into {folder}", time.monotonic() - began)


async def _data_plane(plan: Plan, children: Children, tenant: Tenant, port: int, llm_base_url: str) -> Stop:
    folder = plan.folder.tenant(tenant.name)
    folder.prepare()
    binding = embedded_binding(tenant, folder, llm_base_url)
    folder.write(binding)
    await children.start(tenant.name, plan.programs.data_plane(folder, port), plan.folder.log(tenant.name))
    return Stop(
        tenant=tenant.name,
        url=f"http://{HOST}:{port}",
        token=mint(tenant.name, binding.auth, folder.token_key()),
        pages=plan.pages.get(tenant.name, ()),
        question=plan.question(tenant.name),
    )
