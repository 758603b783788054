"""dlib's ResNet in 8 bits: the same ONNX graph with its convolutions on integers, faster where the processor multiplies
bytes (VNNI, Arm's dot product).

Weights are signed, symmetric, scaled by channel; activations unsigned, scaled by tensor. The first convolution, on the
pixels themselves, stays in float: in 8 bits it alone cost more accuracy than all others. The ranges of the
activations are committed as rounded numbers, so that a build needs no pictures and gives the same bytes everywhere.
They were measured on the demo's procedural heads:

    python -m layers.packs.embedder_ranges --write
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from chalicelib.domain.errors import PackRefused
from layers.packs.graph import GraphWriter

RANGES = Path(__file__).with_name("embedder_ranges.json")
_SAME_RANGE = ("Pad",)  # what they give is what they took, or zero
_IN_FLOAT = (
    "MaxPool",
    "GlobalAveragePool",
    "Flatten",
    "MatMul",
    "Identity",
)  # the pool before the first rounding, and the end of the net

Range = tuple[float, float]


def quantise_embedder(content: bytes) -> bytes:
    """The bytes of `embedder.onnx` → those of the same net in 8 bits."""
    declared = json.loads(RANGES.read_text())["ranges"]
    return quantise(content, {name: (float(low), float(high)) for name, (low, high) in declared.items()})


def quantise(content: bytes, ranges: Mapping[str, Range]) -> bytes:
    """The net with 8-bit convolutions; `ranges` bounds every value that `activations` names.

    Raises PackRefused if one is missing.
    """
    return _Quantiser(onnx.load_model_from_string(content).graph, ranges).emit()


def activations(content: bytes) -> list[str]:
    """The values that become integers and whose range must be known, in the graph's order."""
    graph = onnx.load_model_from_string(content).graph
    stay_float = _stay_float(graph)
    return [
        node.output[0]
        for node in graph.node
        if node.op_type not in (*_SAME_RANGE, *_IN_FLOAT) and node.output[0] not in stay_float
    ]


def _stay_float(graph: onnx.GraphProto) -> set[str]:
    """What a Relu takes is rounded after it; what is pooled before a Relu, too."""
    return {node.input[0] for node in graph.node if node.op_type in ("Relu", "MaxPool")}


class _Quantiser:
    """Copies the graph, node after node: each value that is an integer is followed by a step to integers and back,
    which the runtime then melts into the operators on both sides.
    """

    def __init__(self, graph: onnx.GraphProto, ranges: Mapping[str, Range]) -> None:
        self._nodes = list(graph.node)
        self._constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        self._ranges = dict(ranges)
        shape = [each.dim_param or each.dim_value for each in graph.input[0].type.tensor_type.shape.dim]
        self._writer = GraphWriter(f"{graph.name}_int8", tuple(shape))
        self._shape = [
            each.dim_param or each.dim_value for each in graph.output[0].type.tensor_type.shape.dim
        ]
        self._stay_float = _stay_float(graph)
        self._values = {"input": "input"}
        self._scales: dict[str, tuple[np.float32, np.uint8]] = {}

    def emit(self) -> bytes:
        for node in self._nodes[:-1]:
            self._add(node)
        return self._writer.finish(embedding=(self._values[self._nodes[-1].input[0]], tuple(self._shape)))

    def _add(self, node: onnx.NodeProto) -> None:
        attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        inputs = self._inputs(node)
        output, name = self._writer.node(node.op_type, *inputs, **attributes), node.output[0]
        if node.op_type in _SAME_RANGE:
            self._add_integers(name, output, self._ranges[node.input[0]])
        elif node.op_type in _IN_FLOAT or name in self._stay_float:
            self._values[name] = output
        elif name in self._ranges:
            self._add_integers(name, output, self._ranges[name])
        else:
            raise PackRefused(f"the range of {name} is not known: measure again")

    def _inputs(self, node: onnx.NodeProto) -> list[str]:
        if node.op_type == "Conv" and node.input[0] in self._scales:
            value, filters, biases = node.input
            return [self._values[value], *self._integer_weights(value, filters, biases)]
        return [self._values[each] if each in self._values else self._constant(each) for each in node.input]

    def _constant(self, name: str) -> str:
        return self._writer.constant(self._constants[name])

    def _add_integers(self, name: str, value: str, bounds: Range) -> None:
        """`value` rounded to 256 steps that include zero exactly: padding is zero."""
        low, high = min(bounds[0], 0.0), max(bounds[1], 0.0)
        scale = np.float32((high - low) / 255)
        zero = np.uint8(round(-low / float(scale)))
        parts = [self._writer.constant(np.array(part)) for part in (scale, zero)]
        self._values[name] = self._writer.node(
            "DequantizeLinear", self._writer.node("QuantizeLinear", value, *parts), *parts
        )
        self._scales[name], self._ranges[name] = (scale, zero), bounds

    def _integer_weights(self, value: str, filters: str, biases: str) -> tuple[str, str]:
        """Filters in 8 bits; biases in 32, in steps of the products that they are added to."""
        weights = self._constants[filters]
        scales = np.maximum(np.abs(weights).reshape(len(weights), -1).max(axis=1) / 127, 1e-12).astype(
            np.float32
        )
        whole = np.rint(weights / scales[:, None, None, None]).astype(np.int8)
        steps = (scales * self._scales[value][0]).astype(np.float32)
        shift = np.rint(self._constants[biases] / steps.astype(np.float64)).astype(np.int32)
        return self._back(whole, scales), self._back(shift, steps)

    def _back(self, whole: np.ndarray, scales: NDArray[np.float32]) -> str:
        parts = [whole, scales, np.zeros(len(scales), whole.dtype)]
        constants = [self._writer.constant(part) for part in parts]
        return self._writer.node("DequantizeLinear", *constants, axis=0)
