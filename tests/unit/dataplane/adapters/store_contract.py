"""What every document store promises. A store's test class inherits these and gives the fixture `store`."""

import dataclasses

import numpy as np
import pytest

from ringfence_dataplane.documents import Chunk, Document
from ringfence_dataplane.ports import DocumentStore, StoredChunk
from tests.unit.dataplane.sample import caller

ACME = caller("acme")
QUESTIONS = [
    "", "   ", "?!", '"', 'alpha" OR content:*', "title:alpha", "alpha AND (", "NEAR(alpha beta)", "-alpha", "alpha*",
    "^alpha", "{!x}", "\x00", "a" * 10_000, "word " * 2_000, " ".join(map(str, range(3_000))),
    "der Käse ist 好吃 🧀", "*:*", "/.*/", "\\", "to be or not to be",
]  # fmt: skip


def document(name: str, content: str, *, doc_type: str = "handbook", title: str = "", tenant: str = "acme") -> Document:
    return Document(name, tenant, doc_type, title, content, metadata={"source": f"{name}.md"})


def cut(whole: Document, *, words: int = 6) -> list[StoredChunk]:
    """Chunks of a few words, with ids made of their content as the ingestor makes them."""
    parts = whole.content.split()
    chunks, start = [], 0
    for place in range(0, len(parts), words):
        text = " ".join(parts[place : place + words])
        end = start + len(text)
        name = f"{whole.id}-{place}-{abs(hash(text)) % 10**8}"
        made = Chunk(name, whole.tenant_id, whole.id, whole.doc_type, 1, whole.title, text, start, end)
        chunks.append(StoredChunk(made, _vector(text)))
        start = end + 1
    return chunks


def _vector(text: str) -> tuple[float, ...]:
    vector = np.random.default_rng(sum(map(ord, text))).standard_normal(8).astype(np.float32)
    return tuple((vector / np.linalg.norm(vector)).tolist())


async def put(store: DocumentStore, whole: Document) -> tuple[str, int]:
    result = await store.put(ACME, whole, cut(whole))
    return result.status, result.version


class StoreContract:
    """Needs the fixture `store`, an empty store with the document types `handbook` and `faq`."""

    async def test_a_document_is_findable_when_put_returns(self, store: DocumentStore) -> None:
        leave = document("leave", "Employees get 25 days of annual leave. Requests go to the team lead.", title="Leave")
        assert await put(store, leave) == ("created", 1)
        hits = await store.search(ACME, "how many days of leave?", 10)
        assert hits[0].chunk.document_id == "leave"
        assert hits[0].score > 0
        best = hits[0].chunk
        assert leave.content[best.start : best.end] == best.content
        assert (best.title, best.doc_type, best.version, best.tenant_id) == ("Leave", "handbook", 1, "acme")
        assert await store.get(ACME, "leave") == leave
        assert await store.count(ACME) == 1

    async def test_best_matches_come_first_and_no_more_than_asked_for(self, store: DocumentStore) -> None:
        for name, text in {"a": "kayak", "b": "kayak kayak paddle", "c": "nothing of the kind"}.items():
            await put(store, document(name, text))
        hits = await store.search(ACME, "kayak paddle", 10)
        assert [hit.chunk.document_id for hit in hits] == ["b", "a"]
        assert hits[0].score > hits[1].score > 0
        assert [hit.chunk.document_id for hit in await store.search(ACME, "kayak paddle", 1)] == ["b"]

    async def test_words_are_found_in_other_forms(self, store: DocumentStore) -> None:
        await put(store, document("a", "Reimbursements are paid monthly"))
        assert await store.search(ACME, "reimbursement payment month", 5)

    async def test_the_same_again_changes_nothing(self, store: DocumentStore) -> None:
        whole = document("a", "one two three four five six seven eight")
        await put(store, whole)
        assert await put(store, whole) == ("unchanged", 1)

    async def test_a_new_version_leaves_nothing_of_the_former_behind(self, store: DocumentStore) -> None:
        await put(store, document("a", "alpha beta gamma delta epsilon zeta eta theta"))
        new = document("a", "alpha beta gamma delta epsilon zeta iota")
        assert await put(store, new) == ("updated", 2)
        assert await store.search(ACME, "theta", 5) == []
        hits = await store.search(ACME, "iota alpha", 5)
        assert {hit.chunk.version for hit in hits} == {2}
        assert await store.chunk_ids(ACME, "a") == [stored.chunk.id for stored in cut(new)]
        assert {stored.chunk.id async for stored in store.stored(ACME)} == {stored.chunk.id for stored in cut(new)}
        assert await store.count(ACME) == 1

    async def test_changed_metadata_is_a_new_version_too(self, store: DocumentStore) -> None:
        whole = document("a", "one two three")
        await put(store, whole)
        assert await put(store, dataclasses.replace(whole, metadata={"source": "elsewhere"})) == ("updated", 2)
        found = await store.get(ACME, "a")
        assert found is not None
        assert found.metadata == {"source": "elsewhere"}

    async def test_a_document_that_changes_its_type_moves(self, store: DocumentStore) -> None:
        await put(store, document("a", "alpha beta gamma"))
        moved = document("a", "alpha beta gamma", doc_type="faq")
        assert await put(store, moved) == ("updated", 2)
        found = await store.get(ACME, "a")
        assert found is not None
        assert found.doc_type == "faq"
        assert [hit.chunk.doc_type for hit in await store.search(ACME, "alpha", 5)] == ["faq"]
        assert await store.count(ACME) == 1

    async def test_a_deleted_document_is_gone_and_its_chunks_are_named(self, store: DocumentStore) -> None:
        whole = document("a", "alpha beta gamma delta epsilon zeta eta theta")
        await put(store, whole)
        await put(store, document("b", "alpha"))
        assert set(await store.delete(ACME, "a")) == {stored.chunk.id for stored in cut(whole)}
        assert [hit.chunk.document_id for hit in await store.search(ACME, "alpha theta", 5)] == ["b"]
        assert await store.get(ACME, "a") is None
        assert await store.chunk_ids(ACME, "a") == []
        assert await store.delete(ACME, "a") == []
        assert await put(store, whole) == ("created", 1)

    async def test_chunks_are_given_by_id_in_the_order_asked_for(self, store: DocumentStore) -> None:
        whole = document("a", "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu")
        await put(store, whole)
        ids = [stored.chunk.id for stored in cut(whole)][::-1]
        found = await store.chunks(ACME, [ids[0], "no-such-chunk", *ids[1:]])
        assert [chunk.id for chunk in found] == ids
        assert await store.chunks(ACME, []) == []

    async def test_vectors_come_back_as_they_were_put(self, store: DocumentStore) -> None:
        whole = document("a", "alpha beta gamma delta epsilon zeta eta theta")
        await put(store, whole)
        want = {stored.chunk.id: stored.vector for stored in cut(whole)}
        assert {stored.chunk.id: stored.vector async for stored in store.stored(ACME)} == want

    async def test_a_question_is_only_ever_words(self, store: DocumentStore) -> None:
        await put(store, document("a", "alpha beta gamma"))
        for question in QUESTIONS:
            hits = await store.search(ACME, question, 5)
            assert all(hit.score > 0 for hit in hits), question

    async def test_another_tenants_document_is_neither_taken_nor_shown(self, store: DocumentStore) -> None:
        foreign = document("a", "alpha", tenant="globex")
        with pytest.raises(PermissionError):
            await store.put(ACME, foreign, cut(foreign))
        await put(store, document("a", "alpha beta"))
        globex = caller("globex")
        assert await store.search(globex, "alpha", 5) == []
        assert await store.get(globex, "a") is None
        assert await store.delete(globex, "a") == []
        assert await store.count(globex) == 0
        assert [stored async for stored in store.stored(globex)] == []
        assert await store.get(ACME, "a") is not None

    async def test_it_says_when_it_answers(self, store: DocumentStore) -> None:
        await store.ping(ACME)
