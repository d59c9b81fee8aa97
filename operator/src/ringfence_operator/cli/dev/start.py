"""Starts the programs of `ringfence dev`, as much as possible at the same time."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import islice

import httpx

from ringfence_api.tenant import Tenant
from ringfence_operator.cli.dev.binding import LOCAL_LLM, embedded_binding, stand_ins
from ringfence_operator.cli.dev.children import Children
from ringfence_operator.cli.dev.client import wait_until_ok
from ringfence_operator.cli.dev.plan import Plan
from ringfence_operator.cli.dev.ports import HOST, any_free_port, free_ports
from ringfence_operator.cli.dev.programs import EMBEDDING_MODEL_FILE
from ringfence_operator.cli.dev.screen import Screen
from ringfence_operator.cli.dev.tour import Stop
from ringfence_operator.cli.dev_tokens import mint

READY_SECONDS = 60.0
"""A data plane is ready in two seconds; a cold disk and a busy laptop take longer."""
CONVERT_SECONDS = 120.0


async def start(plan: Plan, screen: Screen, children: Children, http: httpx.AsyncClient) -> list[Stop]:
    """Start the language model and one data plane per tenant, and wait until all are ready.

    Raises:
        ChildDied: a program ended; the message has the end of its log.
        Unexpected: a program is not ready in time.
    """
    screen.title(len(plan.tenants))
    with screen.waiting("starting …"):
        llm_port = any_free_port()
        await children.start(
            "language-model", plan.programs.language_model(llm_port), plan.folder.log("language-model")
        )
        await _embedding_model(plan, screen, children)
        stops = [
            await _data_plane(plan, children, tenant, port, f"http://{HOST}:{llm_port}/v1")
            for tenant, port in zip(plan.tenants, _ports(plan, llm_port), strict=True)
        ]
        await children.while_alive(_all_ready(screen, http, stops, f"http://{HOST}:{llm_port}"))
    for tenant in plan.tenants:
        for told in stand_ins(tenant):
            screen.note(tenant.name, told)
        if tenant.name not in plan.pages:
            screen.note(tenant.name, "no documents: name their folder with --documents, or send some as shown below")
    return stops


def _ports(plan: Plan, taken: int) -> Iterator[int]:
    free = (port for port in free_ports(plan.first_port) if port != taken)
    return islice(free, len(plan.tenants))


async def _embedding_model(plan: Plan, screen: Screen, children: Children) -> None:
    folder = plan.models
    if (folder / EMBEDDING_MODEL_FILE).is_file():
        return
    began = time.monotonic()
    log = plan.folder.log("embedding-model")
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


async def _all_ready(screen: Screen, http: httpx.AsyncClient, stops: Sequence[Stop], llm_url: str) -> None:
    began = time.monotonic()

    async def ready(label: str, what: str, url: str) -> None:
        await wait_until_ok(http, url, READY_SECONDS)
        screen.step(label, what, time.monotonic() - began)

    await asyncio.gather(
        ready("language model", LOCAL_LLM, f"{llm_url}/health"),
        *(ready(stop.tenant, f"serves at {stop.url}", f"{stop.url}/ready") for stop in stops),
    )
