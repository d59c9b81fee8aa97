"""The document store on a real OpenSearch, as a user with the operator's rights: its exact indices and no more."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ringfence_api.binding import OPENSEARCH_CA, OPENSEARCH_PASSWORD
from ringfence_api.index import index_body
from ringfence_dataplane.adapters.opensearch import OpenSearchStore
from ringfence_dataplane.adapters.opensearch.client import Client
from ringfence_dataplane.credentials import Credentials
from ringfence_dataplane.documents import Document
from ringfence_dataplane.ports import DocumentStore, PutResult, Unavailable
from tests.integration.dataplane.tenancy import Tenancy
from tests.servers.certificates import Authority
from tests.unit.dataplane.adapters.store_contract import ACME, StoreContract, cut, document, put


class TestOpenSearch(StoreContract):
    @pytest.fixture
    async def store(self, tenancy: Tenancy) -> AsyncIterator[DocumentStore]:
        store = tenancy.store()
        yield store
        await store.close()


@pytest.fixture
async def two_stores(tenancy: Tenancy) -> AsyncIterator[list[OpenSearchStore]]:
    """The stores of two pods."""
    stores = [tenancy.store(), tenancy.store()]
    yield stores
    for store in stores:
        await store.close()


async def test_concurrent_writers_of_one_document_leave_one_whole_version(two_stores: list[OpenSearchStore]) -> None:
    stores = two_stores
    puts = [put(stores[n % 2], document("a", f"text number{n} " * 5)) for n in range(6)]
    results = await asyncio.gather(*puts, return_exceptions=True)
    assert any(isinstance(result, tuple) for result in results)
    assert all(isinstance(result, tuple | Unavailable) for result in results)
    found = await stores[0].get(ACME, "a")
    assert found is not None
    assert (await put(stores[0], found))[0] == "unchanged"  # cleans up what losers left, if they did
    want = {stored.chunk.id for stored in cut(found)}
    assert set(await stores[0].chunk_ids(ACME, "a")) == want
    # A writer that gave up did not wait for OpenSearch's refresh, which comes every second.
    deadline = asyncio.get_running_loop().time() + 10
    while (seen := {stored.chunk.id async for stored in stores[0].stored(ACME)}) != want:
        assert asyncio.get_running_loop().time() < deadline, seen
        await asyncio.sleep(0.2)


async def test_an_update_never_leaves_a_moment_in_which_nothing_is_found(tenancy: Tenancy) -> None:
    store = tenancy.store()
    await put(store, document("a", "kayak one"))
    counts: list[int] = []
    stop = asyncio.Event()

    async def watch() -> None:
        while not stop.is_set():
            counts.append(len(await store.search(ACME, "kayak", 5)))

    watcher = asyncio.create_task(watch())
    for n in range(3):
        await put(store, document("a", f"kayak again{n}"))
    stop.set()
    await watcher
    assert counts
    assert 0 not in counts
    await store.close()


class Breaking(Client):
    """A client whose process dies after some writing requests."""

    writes = 0

    @classmethod
    def after(cls, tenancy: Tenancy, writes: int) -> OpenSearchStore:
        client = cls.from_binding(tenancy.binding, tenancy.credentials, read_seconds=30)
        client.writes = writes
        return OpenSearchStore(client, tenancy.binding.indices)

    def _count(self) -> None:
        if self.writes == 0:
            raise Unavailable("opensearch", "the process died")
        self.writes -= 1

    async def index(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        self._count()
        return await super().index(*arguments, **options)

    async def delete(self, *arguments: Any) -> None:
        self._count()
        await super().delete(*arguments)

    async def bulk(self, *arguments: Any) -> None:
        self._count()
        await super().bulk(*arguments)


@pytest.mark.parametrize("requests", range(6))
async def test_a_put_that_breaks_off_anywhere_is_repaired_by_repeating_it(tenancy: Tenancy, requests: int) -> None:
    store = tenancy.store()
    old = document("a", "alpha beta gamma delta epsilon zeta eta theta")
    new = document("a", "alpha beta gamma iota kappa", doc_type="faq" if requests % 2 else "handbook")
    await put(store, old)
    breaking = Breaking.after(tenancy, requests)
    result: PutResult | None = None
    try:
        result = await breaking.put(ACME, new, cut(new))
    except Unavailable:
        assert await store.search(ACME, "alpha", 5) or requests == 0
    await breaking.close()
    repeated = await store.put(ACME, new, cut(new))
    assert repeated.status in ("updated", "unchanged")
    assert result is None or repeated.status == "unchanged"
    want = [stored.chunk.id for stored in cut(new)]
    assert [stored.chunk.id async for stored in store.stored(ACME)] == sorted(want)
    assert await store.chunk_ids(ACME, "a") == want
    assert await store.search(ACME, "theta", 5) == []
    await store.close()


async def test_a_first_put_that_broke_off_shows_no_document(tenancy: Tenancy) -> None:
    breaking = Breaking.after(tenancy, 1)
    with pytest.raises(Unavailable):
        await breaking.put(ACME, document("a", "alpha"), cut(document("a", "alpha")))
    await breaking.close()
    store = tenancy.store()
    assert await store.get(ACME, "a") is None
    assert await store.count(ACME) == 0
    assert await store.delete(ACME, "a")
    assert await put(store, document("a", "beta")) == ("created", 1)
    await store.close()


async def test_a_document_planted_in_the_index_by_somebody_else_is_not_shown(tenancy: Tenancy) -> None:
    foreign: Document = document("a", "globex secret", tenant="globex")
    store = tenancy.store()
    await put(store, document("b", "something of our own"))
    index = tenancy.binding.indices["handbook"]
    source = (await _source_of(store, "b")) | {"tenant_id": foreign.tenant_id, "content": foreign.content}
    tenancy.admin.put(f"/{index}/_doc/chunk:x?refresh=true", json=source).raise_for_status()
    assert await store.search(ACME, "globex secret", 5) == []
    await store.close()


async def _source_of(store: OpenSearchStore, document_id: str) -> dict[str, object]:
    (chunk_id,) = await store.chunk_ids(ACME, document_id)
    found = await store._client.fetch(store._indices, f"chunk:{chunk_id}")
    return dict(found[0]["_source"])


async def test_an_unknown_field_is_refused_by_the_mapping(tenancy: Tenancy) -> None:
    index = tenancy.binding.indices["handbook"]
    assert tenancy.admin.post(f"/{index}/_doc", json={"surprise": 1}).status_code == 400


async def test_a_full_disk_is_told_and_not_stormed(tenancy: Tenancy) -> None:
    store = tenancy.store()
    index = tenancy.binding.indices["handbook"]
    block = "index.blocks.read_only_allow_delete"
    tenancy.admin.put(f"/{index}/_settings", json={block: True}).raise_for_status()
    with pytest.raises(Unavailable, match="429"):
        await put(store, document("a", "alpha"))
    tenancy.admin.put(f"/{index}/_settings", json={block: None}).raise_for_status()
    assert await put(store, document("a", "alpha")) == ("created", 1)
    await store.close()


async def test_a_refused_user_is_unavailable_and_the_message_has_no_secret(tenancy: Tenancy, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    (wrong / OPENSEARCH_PASSWORD).write_text("not-the-password")
    (wrong / OPENSEARCH_CA).write_bytes(tenancy.server.ca_file.read_bytes())
    client = Client.from_binding(tenancy.binding, Credentials(wrong), read_seconds=30)
    store = OpenSearchStore(client, tenancy.binding.indices)
    with pytest.raises(Unavailable, match=r"refuses this tenant's user \(401\)") as refused:
        await store.search(ACME, "alpha", 5)
    assert "not-the-password" not in repr(refused.value)
    await store.close()


async def test_a_foreign_index_is_refused_by_opensearch_itself(tenancy: Tenancy) -> None:
    tenancy.admin.put("/genai_victim_handbook", json=index_body(0)).raise_for_status()
    binding = tenancy.binding.model_copy(update={"indices": {"handbook": "genai_victim_handbook"}})
    store = OpenSearchStore.from_binding(binding, tenancy.credentials)
    try:
        with pytest.raises(Unavailable, match="403"):
            await store.search(ACME, "alpha", 5)
        with pytest.raises(Unavailable, match="refuse"):
            await store.get(ACME, "a")
        whole = document("a", "alpha")
        with pytest.raises(Unavailable):
            await store.put(ACME, whole, cut(whole))
    finally:
        tenancy.admin.delete("/genai_victim_handbook").raise_for_status()
        await store.close()


async def test_a_server_that_is_not_ours_is_not_talked_to(tenancy: Tenancy, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    (wrong / OPENSEARCH_PASSWORD).write_text(tenancy.credentials.text(OPENSEARCH_PASSWORD))
    (wrong / OPENSEARCH_CA).write_text(Authority().certificate)
    store = OpenSearchStore.from_binding(tenancy.binding, Credentials(wrong))
    with pytest.raises(Unavailable, match="opensearch is unavailable"):
        await store.search(ACME, "alpha", 5)
    await store.close()
