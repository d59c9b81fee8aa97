"""The queue: nothing is lost, nothing is done twice at a time, what is asked for sooner comes sooner."""

from __future__ import annotations

import asyncio

import pytest

from ringfence_operator.reconcile.queue import WorkQueue

SOON = 0.02


async def taken(queue: WorkQueue, within: float = 1) -> str:
    return await asyncio.wait_for(queue.take(), within)


async def test_a_name_waits_once_however_often_it_is_added() -> None:
    queue = WorkQueue()
    for _ in range(3):
        queue.add("acme")

    assert await taken(queue) == "acme"
    queue.done("acme")
    with pytest.raises(TimeoutError):
        await taken(queue, SOON)


async def test_a_name_in_work_is_not_handed_out_again_before_it_is_done() -> None:
    queue = WorkQueue()
    queue.add("acme")
    await taken(queue)
    queue.add("acme")
    queue.add("globex")

    assert await taken(queue) == "globex"
    with pytest.raises(TimeoutError):
        await taken(queue, SOON)
    queue.done("acme")
    assert await taken(queue) == "acme"


async def test_an_urgent_wish_overtakes_a_planned_look() -> None:
    queue = WorkQueue()
    queue.add("acme", 60)
    queue.add("acme")

    assert await taken(queue) == "acme"


async def test_a_later_wish_does_not_put_off_an_earlier_one() -> None:
    queue = WorkQueue()
    queue.add("acme")
    queue.add("acme", 60)

    assert await taken(queue) == "acme"


async def test_names_come_in_the_order_in_which_they_are_due() -> None:
    queue = WorkQueue()
    queue.add("later", SOON)
    queue.add("first")

    assert [await taken(queue), await taken(queue)] == ["first", "later"]


async def test_a_waiting_worker_wakes_for_what_becomes_due_sooner() -> None:
    queue = WorkQueue()
    queue.add("planned", 60)
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(SOON)

    queue.add("urgent")

    assert await asyncio.wait_for(waiting, 1) == "urgent"


async def test_several_workers_share_the_work() -> None:
    queue = WorkQueue()
    workers = [asyncio.create_task(queue.take()) for _ in range(3)]
    await asyncio.sleep(0)

    for name in ("a", "b", "c"):
        queue.add(name)

    assert sorted(await asyncio.wait_for(asyncio.gather(*workers), 1)) == ["a", "b", "c"]
    assert len(queue) == 0
