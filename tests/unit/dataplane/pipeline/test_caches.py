"""Cached values: what shapes a key, and that nothing opens but what was sealed for it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence_dataplane.pipeline.caches import cache_key
from ringfence_dataplane.pipeline.seal import BrokenSeal, Seal
from ringfence_dataplane.tenancy import READ, authenticated
from tests.unit.dataplane.support.service import Service, binding

TENANT = authenticated(binding(), "user", frozenset({READ}))


@settings(deadline=None)
@given(st.binary(max_size=200), st.text(min_size=1, max_size=40))
def test_what_is_sealed_opens_under_its_own_key_only(value: bytes, key: str) -> None:
    seal = Seal(b"k" * 32, "acme")
    sealed = seal.close(key, value)
    assert seal.open(key, sealed) == value
    for opener, name in ((seal, key + "x"), (Seal(b"k" * 32, "globex"), key), (Seal(b"j" * 32, "acme"), key)):
        with pytest.raises(BrokenSeal):
            opener.open(name, sealed)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=60), st.data())
def test_no_flipped_bit_and_no_cut_goes_unnoticed(value: bytes, data: st.DataObject) -> None:
    seal = Seal(b"k" * 32, "acme")
    sealed = seal.close("query:x", value)
    place = data.draw(st.integers(0, len(sealed) - 1))
    flipped = bytearray(sealed)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    for spoiled in (bytes(flipped), sealed[:place], sealed + b"x"):
        with pytest.raises(BrokenSeal):
            seal.open("query:x", spoiled)


def test_a_sealed_value_shows_nothing_and_differs_each_time() -> None:
    seal = Seal(b"k" * 32, "acme")
    one, two = seal.close("query:x", b"27 days"), seal.close("query:x", b"27 days")
    assert one != two
    assert b"27 days" not in one
    assert "k" * 8 not in repr(seal)


def test_everything_that_shapes_a_value_shapes_its_key() -> None:
    base = {"question": "holiday?", "generation": 1}
    keys = {
        cache_key("query", TENANT, base),
        cache_key("answer", TENANT, base),
        cache_key("query", TENANT, {**base, "generation": 2}),
        cache_key("query", TENANT, {**base, "question": "holiday"}),
        cache_key("query", authenticated(binding(), "user", frozenset()), base),
    }
    assert len(keys) == 5
    assert all(len(key.partition(":")[2]) == 64 for key in keys)


async def test_the_same_question_is_answered_from_the_caches() -> None:
    service = Service()
    first, second = (await service.ask()).json(), (await service.ask()).json()
    assert (first["cache_hit"], second["cache_hit"]) == (False, True)
    assert second["answer"] == first["answer"]
    assert second["sources"] == first["sources"]
    assert second["query_id"] != first["query_id"]
    assert second["cost_dollars"] == 0
    assert len(service.retriever.asked) == len(service.model.asked) == len(service.embedder.asked) == 1


async def test_a_changed_document_makes_old_entries_unreachable() -> None:
    service = Service()
    await service.ask()
    service.vectors.generation += 1
    assert (await service.ask()).json()["cache_hit"] is False
    assert len(service.retriever.asked) == 2
    assert len(service.embedder.asked) == 1  # a question's vector does not depend on the documents


async def test_a_spoiled_value_is_a_miss_that_is_counted_and_reported() -> None:
    service = Service()
    await service.ask()
    spoiled = {key: value[:-1] + bytes([value[-1] ^ 1]) for key, value in service.cache.values.items()}
    service.cache.values.update(spoiled)
    again = (await service.ask()).json()
    assert again["cache_hit"] is False
    assert again["answer"]
    assert service.count("errors_total", tenant_id="acme", error_type="cache-value-rejected") == 3
    rejected = [event for event in service.events if event["action"] == "cache_value_rejected"]
    assert {event["details"]["key"].partition(":")[0] for event in rejected} == {"query", "embedding", "answer"}


async def test_values_moved_to_another_key_are_rejected() -> None:
    service = Service()
    await service.ask("How many days of holiday do I get?")
    first = dict(service.cache.values)
    await service.ask("How many days of holiday has everyone?")
    for key in set(service.cache.values) - set(first):
        kind = key.split(":")[1]
        service.cache.values[key] = next(value for name, value in first.items() if name.split(":")[1] == kind)
    assert (await service.ask("How many days of holiday has everyone?")).json()["cache_hit"] is False
    assert service.count("errors_total", tenant_id="acme", error_type="cache-value-rejected") == 3


async def test_half_a_result_is_not_kept() -> None:
    service = Service()
    service.retriever.degraded = ("vectors",)
    assert (await service.ask()).json()["degraded"] == ["vectors"]
    service.retriever.degraded = ()
    assert (await service.ask()).json()["degraded"] == []
    assert len(service.retriever.asked) == 2


async def test_what_was_found_while_the_index_was_loading_is_not_kept() -> None:
    service = Service()
    service.vectors.generation = 0
    await service.ask()
    assert not [key for key in service.cache.values if ":query:" in key]
    service.vectors.generation = 1
    await service.ask()
    assert [key for key in service.cache.values if ":query:" in key]


async def test_a_ttl_of_zero_turns_a_cache_off() -> None:
    ttls = binding().cache_ttls.model_copy(update={"query": 0, "answer": 0, "embedding": 0})
    service = Service(binding=binding(cache_ttls=ttls))
    for _ in range(2):
        assert (await service.ask()).json()["cache_hit"] is False
    assert service.cache.values == {}
    assert len(service.model.asked) == 2


async def test_callers_with_other_permissions_share_nothing() -> None:
    service = Service()
    shaped_by = {"question": "x"}
    await service.tools.caches.keep_results(TENANT, shaped_by, list(service.retriever.hits))
    other = authenticated(service.binding, "user", frozenset({READ, "documents:secret"}))
    assert await service.tools.caches.results(TENANT, shaped_by) == service.retriever.hits
    assert await service.tools.caches.results(other, shaped_by) is None
