"""Other people's ONNX nets as packs use them: the input `input` of any size they can take, the outputs by name."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped,unused-ignore]
from onnx import helper, numpy_helper

from chalicelib.domain.errors import PackRefused

Shape = tuple[int | str, ...]


def adapt(content: bytes, input_shape: Shape, outputs: Mapping[str, Shape]) -> bytes:
    """The same net with one `input` of `input_shape` and its outputs renamed, in their order, to those of `outputs`.

    A name in a shape stands for any size. Raises PackRefused if it is no net, or one with other inputs or outputs.
    """
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise PackRefused(f"no ONNX net: {error}") from error
    graph = model.graph
    constants = {constant.name for constant in graph.initializer}
    inputs = [value.name for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != len(outputs):
        raise PackRefused(
            f"a net with 1 input and {len(outputs)} outputs is wanted, not {inputs} and {len(graph.output)}"
        )
    new_names = {old.name: new for old, new in zip(graph.output, outputs, strict=True)}
    _rename(graph, new_names | {inputs[0]: "input"})
    _replace(graph.input, [helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, input_shape)])
    declared = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in outputs.items()
    ]
    _replace(graph.output, declared)
    _replace(graph.value_info, [])  # shapes of the fixed size
    return _serialised(model)


def streamline(content: bytes) -> bytes:
    """The same values sooner: a constant added after a convolution becomes its bias; PReLU with one slope for all
    channels becomes LeakyReLU. The runtime then computes convolution, bias and activation in one blocked kernel.
    """
    model = onnx.load_model_from_string(content)
    graph = model.graph
    constants = {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        last = nodes[-1] if nodes else None
        if last is not None and _adds_bias(node, last, constants, graph):
            bias = f"{node.output[0]}_bias"
            graph.initializer.append(numpy_helper.from_array(constants[node.input[1]].reshape(-1), bias))
            last.input.append(bias)
            last.output[0] = node.output[0]
        elif node.op_type == "PRelu" and constants.get(node.input[1], np.empty(0)).size == 1:
            slope = float(constants[node.input[1]].reshape(-1)[0])
            nodes.append(
                helper.make_node("LeakyRelu", node.input[:1], node.output, name=node.name, alpha=slope)
            )
        else:
            nodes.append(node)
    _replace(graph.node, nodes)
    used = {name for node in graph.node for name in node.input}
    _replace(graph.initializer, [each for each in graph.initializer if each.name in used])
    return _serialised(model)


def _adds_bias(
    node: onnx.NodeProto, last: onnx.NodeProto, constants: Mapping[str, np.ndarray], graph: onnx.GraphProto
) -> bool:
    """Whether `node` adds one constant a channel to the convolution `last`, which nobody else uses."""
    if node.op_type != "Add" or last.op_type != "Conv" or len(last.input) != 2:
        return False
    if node.input[0] != last.output[0] or node.input[1] not in constants:
        return False
    filters = constants[last.input[1]].shape[0] if last.input[1] in constants else -1
    readers = sum(name == last.output[0] for each in graph.node for name in each.input)
    shape = constants[node.input[1]].shape
    return readers == 1 and shape in ((filters, 1, 1), (1, filters, 1, 1))


def _rename(graph: onnx.GraphProto, new_names: Mapping[str, str]) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [new_names.get(name, name) for name in names]


def _replace(field: Any, values: Sequence[Any]) -> None:
    """In a repeated field of a message, which has no assignment; `values` may be parts of it."""
    kept = [type(value).FromString(value.SerializeToString()) for value in values]
    del field[:]
    field.extend(kept)


def _serialised(model: onnx.ModelProto) -> bytes:
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise PackRefused(
            f"no ONNX net that could be computed: {str(error).strip().splitlines()[0]}"
        ) from error
    return bytes(model.SerializeToString(deterministic=True))
