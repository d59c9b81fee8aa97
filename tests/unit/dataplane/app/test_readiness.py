"""Readiness: one leg of the search is enough, and what is missing is said."""

import pytest

from ringfence_dataplane.ports import Unavailable
from ringfence_dataplane.readiness import Readiness
from ringfence_dataplane.tenancy import BoundTenant, maintenance
from tests.unit.dataplane.support.fakes import FakeVectors
from tests.unit.dataplane.support.service import binding


class Store:
    """As much of a document store as readiness asks for."""

    def __init__(self, *, down: bool) -> None:
        self.down = down
        self.pings = 0

    async def ping(self, tenant: BoundTenant) -> None:
        self.pings += 1
        if self.down:
            raise Unavailable("opensearch", "connection refused")


@pytest.mark.parametrize(
    ("store_down", "generation", "ready"), [(False, 1, True), (False, 0, True), (True, 1, True), (True, 0, False)]
)
async def test_one_leg_is_enough(store_down: bool, generation: int, ready: bool) -> None:
    store = Store(down=store_down)
    said, checks = await Readiness(maintenance(binding()), store, FakeVectors(generation))()  # type: ignore[arg-type]
    assert said is ready
    assert ("connection refused" in checks["documents"]) is store_down
    assert (checks["vectors"] == "ok") is (generation > 0)


async def test_the_store_is_not_asked_by_every_caller() -> None:
    store, now = Store(down=False), 0.0
    readiness = Readiness(maintenance(binding()), store, FakeVectors(), lambda: now)  # type: ignore[arg-type]
    for _ in range(10):
        await readiness()
    assert store.pings == 1
    now = 2.0
    store.down = True
    await readiness()
    assert store.pings == 2
