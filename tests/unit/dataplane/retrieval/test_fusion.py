"""Fusion."""

import random

from hypothesis import given
from hypothesis import strategies as st

from ringfence_dataplane.documents import Chunk, Hit
from ringfence_dataplane.retrieval.fusion import Weights, alone, combine, rank

WEIGHTS = Weights(0.4, 0.6)
names = st.sampled_from([f"d{n % 5}/c{n}" for n in range(20)])
raw_bm25 = st.dictionaries(names, st.floats(0.001, 60))
cosines = st.dictionaries(names, st.floats(-1.0001, 1.0001))
shares = st.floats(0, 1).map(lambda share: Weights(share, 1 - share))


def chunk(name: str, tenant: str = "acme") -> Chunk:
    return Chunk(name, tenant, name.split("/")[0], "handbook", 1, "", name, 0, 1)


def fuse(
    bm25: dict[str, float], near: dict[str, float], weights: Weights = WEIGHTS, threshold: float = 0.3, limit: int = 5
) -> list[Hit]:
    scores = combine(bm25, near, weights)
    return rank(scores, [chunk(name) for name in scores], threshold, limit)


def test_forty_parts_of_words_and_sixty_of_meaning() -> None:
    hits = fuse({"a/1": 12.0, "b/1": 6.0}, {"b/1": 0.9, "c/1": 0.7})
    assert [(hit.chunk.document_id, round(hit.score, 6)) for hit in hits] == [("b", 0.74), ("c", 0.42), ("a", 0.4)]


def test_one_hit_and_equal_scores_keep_their_whole_share() -> None:
    assert combine({"a": 3.0}, {}, WEIGHTS) == {"a": 0.4}
    assert combine({"a": 3.0, "b": 3.0}, {}, WEIGHTS) == {"a": 0.4, "b": 0.4}
    assert combine({}, {}, WEIGHTS) == {}
    assert combine({"a": 0.0}, {}, WEIGHTS) == {"a": 0.0}


def test_a_document_appears_once_with_its_best_passage() -> None:
    hits = fuse({}, {"a/1": 0.9, "a/2": 0.8, "b/1": 0.7})
    assert [hit.chunk.id for hit in hits] == ["a/1", "b/1"]


def test_below_the_threshold_is_nothing() -> None:
    assert fuse({}, {"a/1": 0.49}) == []
    assert [hit.chunk.id for hit in fuse({}, {"a/1": 0.5})] == ["a/1"]


def test_a_foreign_document_of_the_same_name_is_not_hidden_by_ours() -> None:
    ours, foreign = chunk("a/1"), chunk("a/2", tenant="globex")
    hits = rank({"a/1": 0.9, "a/2": 0.8}, [ours, foreign], 0.3, 5)
    assert [hit.chunk.tenant_id for hit in hits] == ["acme", "globex"]


def test_a_leg_alone_has_the_whole_score() -> None:
    assert alone(WEIGHTS, bm25=True, vector=True) == WEIGHTS
    assert alone(WEIGHTS, bm25=True, vector=False) == Weights(1, 0)
    assert alone(WEIGHTS, bm25=False, vector=True) == Weights(0, 1)


@given(raw_bm25, cosines, shares)
def test_scores_are_between_nothing_and_one(bm25: dict[str, float], near: dict[str, float], weights: Weights) -> None:
    scores = combine(bm25, near, weights)
    assert scores.keys() == bm25.keys() | near.keys()
    assert all(0 <= score <= 1 for score in scores.values())


@given(raw_bm25, cosines, st.randoms(use_true_random=False))
def test_the_order_in_which_legs_report_does_not_matter(
    bm25: dict[str, float], near: dict[str, float], chance: random.Random
) -> None:
    def shuffled(scores: dict[str, float]) -> dict[str, float]:
        items = list(scores.items())
        chance.shuffle(items)
        return dict(items)

    assert fuse(bm25, near) == fuse(shuffled(bm25), shuffled(near))


@given(raw_bm25, cosines, st.integers(0, 10), st.integers(0, 10))
def test_a_shorter_page_is_the_beginning_of_a_longer_one(
    bm25: dict[str, float], near: dict[str, float], one: int, other: int
) -> None:
    short, long = sorted((one, other))
    assert fuse(bm25, near, limit=long)[:short] == fuse(bm25, near, limit=short)


@given(raw_bm25, cosines, st.floats(0.01, 100))
def test_the_scale_of_bm25_does_not_matter(bm25: dict[str, float], near: dict[str, float], scale: float) -> None:
    plain = combine(bm25, near, WEIGHTS)
    scaled = combine({name: score * scale for name, score in bm25.items()}, near, WEIGHTS)
    assert all(abs(plain[name] - scaled[name]) < 1e-9 for name in plain)


@given(raw_bm25, cosines, names, st.floats(0.0, 1.0))
def test_a_better_cosine_never_lowers_a_score(
    bm25: dict[str, float], near: dict[str, float], name: str, gain: float
) -> None:
    before = combine(bm25, {**near, name: near.get(name, 0.0)}, WEIGHTS)
    after = combine(bm25, {**near, name: near.get(name, 0.0) + gain}, WEIGHTS)
    assert after[name] >= before[name]
    assert all(after[other] == before[other] for other in before if other != name)
