"""The built-in embedder, on the packaged weights."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from ringfence_dataplane.models.convert_minilm import ensure
from ringfence_dataplane.models.folder import models_dir
from ringfence_dataplane.models.minilm import DIMENSIONS, MiniLM
from ringfence_dataplane.ports import Unavailable


@pytest.fixture(scope="module")
def folder() -> Path:
    return ensure(models_dir())


async def test_meaning_is_nearer_than_words(folder: Path) -> None:
    model = MiniLM(folder)
    embedded = await model.embed(
        ["How can I get into my account again?", "Reset a forgotten password", "My bank account statement", ""]
    )
    question, right, wrong, _ = embedded.vectors
    assert question @ right > question @ wrong
    assert embedded.vectors.shape == (4, DIMENSIONS)
    assert np.allclose(np.linalg.norm(embedded.vectors, axis=1), 1, atol=1e-5)
    assert embedded.tokens > 20
    await model.close()


async def test_a_text_has_the_same_vector_alone_and_among_others(folder: Path) -> None:
    model = MiniLM(folder)
    texts = [f"sentence number {n} " + "and more of it " * (n % 7) for n in range(40)]
    together = (await model.embed(texts)).vectors
    for place in (0, 17, 39):
        alone = (await model.embed([texts[place]])).vectors[0]
        # int8 activations are scaled per batch, so the last digits differ
        assert alone @ together[place] > 0.97
    await model.close()


async def test_a_question_does_not_wait_behind_a_document(folder: Path) -> None:
    model = MiniLM(folder)
    document = asyncio.create_task(model.embed(["a long passage of many words " * 40] * 128))
    await asyncio.sleep(0.01)
    await model.embed(["a question"])
    assert not document.done()
    document.cancel()
    await model.close()


async def test_a_closed_model_is_unavailable(folder: Path) -> None:
    model = MiniLM(folder)
    await model.close()
    with pytest.raises(Unavailable, match="embedding"):
        await model.embed(["text"])


def test_a_missing_model_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="convert_minilm"):
        MiniLM(tmp_path)
