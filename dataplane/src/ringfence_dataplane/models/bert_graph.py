"""BERT encoder with mean pooling as an ONNX graph, built from named weights.

Source of the architecture: Devlin et al. 2018; of the pooling: Reimers and Gurevych 2019. Weight names are those of
the published checkpoints. Inputs `input_ids` and `attention_mask`, int64 of shape (batch, tokens); output
`embedding`, float32 of shape (batch, hidden), of unit length.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, NDArray[np.float32]]
OPSET = 20
IR_VERSION = 10  # of the oldest onnxruntime that the data plane accepts


@dataclass(frozen=True)
class Shape:
    """Numbers of a checkpoint's config.json."""

    layers: int
    heads: int
    hidden: int
    epsilon: float


@dataclass
class _Graph:
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def constant(self, name: str, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def ints(self, *values: int) -> str:
        return self.constant("ints_" + "_".join(map(str, values)), np.array(values, np.int64))

    def number(self, value: float) -> str:
        return self.constant(f"number_{value}", np.array(value, np.float32))

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name


def build(weights: Weights, shape: Shape) -> onnx.ModelProto:
    """The whole model."""
    graph = _Graph()
    hidden = _embeddings(graph, weights, shape)
    mask = graph.op("Cast", "attention_mask", to=TensorProto.FLOAT)
    hidden_from_padding = graph.op(
        "Mul",
        graph.op("Sub", graph.op("Unsqueeze", mask, graph.ints(1, 2)), graph.number(1.0)),
        graph.number(10_000.0),
    )
    for layer in range(shape.layers):
        hidden = _layer(graph, weights, shape, f"encoder.layer.{layer}", hidden, hidden_from_padding)
    _pool(graph, hidden, mask)
    return _model(graph, shape)


def _embeddings(graph: _Graph, weights: Weights, shape: Shape) -> str:
    words = graph.op("Gather", graph.constant("words", weights["embeddings.word_embeddings.weight"]), "input_ids")
    # Every text is one segment, so its constant type embedding is added to the positions here.
    places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    length = graph.op("Slice", graph.op("Shape", "input_ids"), graph.ints(1), graph.ints(2))
    positions = graph.op("Slice", graph.constant("positions", places), graph.ints(0), length, graph.ints(0))
    return _norm(graph, weights, shape, "embeddings.LayerNorm", graph.op("Add", words, positions))


def _layer(graph: _Graph, weights: Weights, shape: Shape, name: str, hidden: str, padding: str) -> str:
    attended = _attention(graph, weights, shape, f"{name}.attention.self", hidden, padding)
    projected = _linear(graph, weights, f"{name}.attention.output.dense", attended)
    hidden = _norm(graph, weights, shape, f"{name}.attention.output.LayerNorm", graph.op("Add", projected, hidden))
    wide = graph.op("Gelu", _linear(graph, weights, f"{name}.intermediate.dense", hidden))
    narrow = _linear(graph, weights, f"{name}.output.dense", wide)
    return _norm(graph, weights, shape, f"{name}.output.LayerNorm", graph.op("Add", narrow, hidden))


def _attention(graph: _Graph, weights: Weights, shape: Shape, name: str, hidden: str, padding: str) -> str:
    size = shape.hidden // shape.heads

    def heads(part: str, order: list[int]) -> str:
        flat = _linear(graph, weights, f"{name}.{part}", hidden)
        return graph.op("Transpose", graph.op("Reshape", flat, graph.ints(0, 0, shape.heads, size)), perm=order)

    scores = graph.op("MatMul", heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]))
    scaled = graph.op("Add", graph.op("Div", scores, graph.number(float(np.sqrt(size)))), padding)
    mixed = graph.op("MatMul", graph.op("Softmax", scaled, axis=-1), heads("value", [0, 2, 1, 3]))
    return graph.op("Reshape", graph.op("Transpose", mixed, perm=[0, 2, 1, 3]), graph.ints(0, 0, shape.hidden))


def _linear(graph: _Graph, weights: Weights, name: str, value: str) -> str:
    matrix = graph.constant(f"{name}.weight", weights[f"{name}.weight"].T)
    return graph.op("Add", graph.op("MatMul", value, matrix), graph.constant(f"{name}.bias", weights[f"{name}.bias"]))


def _norm(graph: _Graph, weights: Weights, shape: Shape, name: str, value: str) -> str:
    scale = graph.constant(f"{name}.weight", weights[f"{name}.weight"])
    bias = graph.constant(f"{name}.bias", weights[f"{name}.bias"])
    return graph.op("LayerNormalization", value, scale, bias, axis=-1, epsilon=shape.epsilon)


def _pool(graph: _Graph, hidden: str, mask: str) -> None:
    kept = graph.op("Mul", hidden, graph.op("Unsqueeze", mask, graph.ints(2)))
    # The sum has the direction of the mean, and only the direction is left after normalising.
    total = graph.op("ReduceSum", kept, graph.ints(1), keepdims=0)
    length = graph.op("Max", graph.op("ReduceL2", total, graph.ints(1), keepdims=1), graph.number(1e-12))
    graph.nodes.append(helper.make_node("Div", [total, length], ["embedding"], name="embedding"))


def _model(graph: _Graph, shape: Shape) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", shape.hidden])
    whole = helper.make_graph(graph.nodes, "bert", inputs, [output], list(graph.constants.values()))
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
