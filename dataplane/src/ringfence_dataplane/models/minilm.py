"""all-MiniLM-L6-v2 inside the data plane: int8 ONNX by onnxruntime, in a thread."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Encoding, Tokenizer

from ringfence_dataplane.documents import Vectors
from ringfence_dataplane.models.folder import models_dir
from ringfence_dataplane.ports import Embedded, Unavailable

NAME = "all-MiniLM-L6-v2"
DIMENSIONS = 384
MAX_TOKENS = 256
"""What the model was trained with; a longer text is cut."""
BATCH = 32
DEADLINE_SECONDS = 60.0
"""Of one call, waiting for other callers included: 100 passages take 4 s on one core."""


class MiniLM:
    """Implements `ports.Embedder`."""

    model = NAME
    dimensions = DIMENSIONS

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Load the model that `convert_minilm` wrote into `folder`.

        Raises:
            FileNotFoundError: it is not there; the message says how to make it.
        """
        if not (folder / "model.onnx").is_file():
            raise FileNotFoundError(
                f"no embedding model in {folder}; make it by: python -m ringfence_dataplane.models.convert_minilm"
            )
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        # Spinning threads would take the core that serves requests.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        # Batches of documents wait for each other, since two at once are not faster. A single text, which is what
        # a question is, never waits behind them: a search has two seconds, a large document takes longer.
        self._batches = ThreadPoolExecutor(1, thread_name_prefix="minilm-batches")
        self._singles = ThreadPoolExecutor(1, thread_name_prefix="minilm-singles")

    @classmethod
    def load(cls, threads: int = 1) -> "MiniLM":
        """The model in this machine's models folder."""
        return cls(models_dir() / NAME, threads)

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """One vector per text, in order; an empty text has one too.

        Raises:
            Unavailable: not done within `DEADLINE_SECONDS`, or onnxruntime failed.
        """
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        tokens = 0
        # Texts of like length share a batch, so little is spent on padding.
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        loop = asyncio.get_running_loop()
        executor = self._singles if len(texts) == 1 else self._batches
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                for start in range(0, len(order), BATCH):
                    places = order[start : start + BATCH]
                    batch = [texts[place] for place in places]
                    part, spent = await loop.run_in_executor(executor, self._run, batch)
                    vectors[places] = part
                    tokens += spent
        except TimeoutError as error:
            raise Unavailable("embedding", f"not done within {DEADLINE_SECONDS:.0f} s") from error
        except RuntimeError as error:  # the executor is shut down, or onnxruntime failed
            raise Unavailable("embedding", type(error).__name__) from error
        return Embedded(vectors, tokens)

    async def close(self) -> None:
        """Stop the threads."""
        self._batches.shutdown(wait=False, cancel_futures=True)
        self._singles.shutdown(wait=False, cancel_futures=True)

    def _run(self, texts: list[str]) -> tuple[Vectors, int]:
        encoded: list[Encoding] = self._tokenizer.encode_batch(texts)
        longest = max(len(item.ids) for item in encoded)
        ids = np.zeros((len(texts), longest), np.int64)
        mask = np.zeros((len(texts), longest), np.int64)
        for row, item in enumerate(encoded):
            ids[row, : len(item.ids)] = item.ids
            mask[row, : len(item.ids)] = 1
        (vectors,) = self._session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})
        return vectors, int(mask.sum())
