"""One run of `ringfence dev`: start everything, take the tour, serve until told to stop."""

import asyncio
import signal
from collections.abc import Callable

import httpx

from ringfence_operator.cli.console import FAILED, OK
from ringfence_operator.cli.dev import tour
from ringfence_operator.cli.dev.binding import LOCAL_LLM
from ringfence_operator.cli.dev.children import ChildDied, Children, cancelled
from ringfence_operator.cli.dev.client import Unexpected, wait_until_ok
from ringfence_operator.cli.dev.plan import Plan
from ringfence_operator.cli.dev.screen import Screen
from ringfence_operator.cli.dev.start import Started, start
from ringfence_operator.cli.dev.tour import Stop

READY_SECONDS = 60.0
"""A data plane is ready in two seconds; a cold disk and a busy laptop take longer."""


async def serve(plan: Plan, screen: Screen) -> int:
    """Run until the tour is over (`once`), a child dies, or a signal comes. Returns the exit status."""
    signals: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, signals.put_nowait, number)
    async with Children() as children:
        work = asyncio.create_task(_work(plan, screen, children))
        told = asyncio.create_task(signals.get())
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
        await cancelled(told)
        if not work.cancelled() and work.done():
            return work.result()
        await cancelled(work)
    screen.ended()
    if not screen.toured:
        return 128 + told.result()  # as a shell says it: ended by this signal
    return FAILED if screen.failed else OK


async def _work(plan: Plan, screen: Screen, children: Children) -> int:
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            started = await start(plan, screen, children)
            await children.while_alive(_tour(plan, screen, http, started))
        if not plan.once:
            screen.serving()
            await children.watch()
    except (ChildDied, Unexpected) as error:
        screen.fault("stopped", str(error))
    return FAILED if screen.failed else OK


async def _tour(plan: Plan, screen: Screen, http: httpx.AsyncClient, started: Started) -> None:
    stops = started.stops
    try:
        with screen.ingesting(stops) as advance:
            async with asyncio.TaskGroup() as group:
                group.create_task(
                    _ready(plan, screen, http, "language model", LOCAL_LLM, f"{started.model_url}/health")
                )
                for stop in stops:
                    group.create_task(_fill(plan, screen, http, stop, advance[stop.tenant]))
    except* Unexpected as errors:
        raise errors.exceptions[0] from None
    for stop in stops:
        if stop.question and stop.pages:
            await _ask(plan, screen, http, stop)
    if len(stops) > 1:
        await _cross(screen, http, intruder=stops[1], victim=stops[0])
    else:
        screen.note("fence", "give a second Tenant with -f to see one's token refused at the other's endpoint")
    screen.next_steps(stops, plan.once)
    screen.toured = True


async def _ready(plan: Plan, screen: Screen, http: httpx.AsyncClient, label: str, what: str, url: str) -> None:
    await wait_until_ok(http, url, READY_SECONDS)
    screen.step(label, what, plan.seconds())


async def _fill(plan: Plan, screen: Screen, http: httpx.AsyncClient, stop: Stop, advance: Callable[[], None]) -> None:
    await _ready(plan, screen, http, stop.tenant, f"serves at {stop.url}", f"{stop.url}/ready")
    if not stop.pages:
        return
    try:
        seconds = await tour.ingest(http, stop, advance)
    except Unexpected as error:
        screen.fault(stop.tenant, str(error))
    else:
        screen.step(stop.tenant, f"{len(stop.pages)} pages ingested", seconds)


async def _ask(plan: Plan, screen: Screen, http: httpx.AsyncClient, stop: Stop) -> None:
    if stop.question is None:
        return
    try:
        with screen.waiting(f"asking {stop.tenant} …"):
            asked = await tour.ask(http, stop, stop.question)
    except Unexpected as error:
        screen.fault(stop.tenant, str(error))
    else:
        screen.answer(asked, plan.seconds())


async def _cross(screen: Screen, http: httpx.AsyncClient, *, intruder: Stop, victim: Stop) -> None:
    try:
        refusal, fault = await tour.cross(http, intruder, victim)
    except Unexpected as error:
        screen.fault("fence", str(error))
    else:
        screen.refusal(intruder, victim, refusal, fault)
