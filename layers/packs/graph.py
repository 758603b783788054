"""A small writer of ONNX graphs: values by name, bytes that depend on nothing but the content."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_OPSET = 17
_IR_VERSION = 8  # the oldest that carries opset 17: every runtime since 2022 reads it


class GraphWriter:
    """Collects nodes and constants in the order of the calls; names are that order's numbers."""

    def __init__(self, name: str, input_shape: tuple[int | str, ...], input_name: str = "input") -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._input = helper.make_tensor_value_info(input_name, TensorProto.FLOAT, input_shape)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node with one output; its name."""
        output = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def constant(self, values: np.ndarray) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def convolution(
        self, value: str, filters: np.ndarray, biases: np.ndarray, *, stride: int = 1, padding: int = 0
    ) -> str:
        """`filters` (out, in, rows, columns), `biases` (out,), written as float32."""
        weights = self.constant(filters.astype(np.float32))
        offsets = self.constant(biases.astype(np.float32))
        return self.node("Conv", value, weights, offsets, strides=[stride] * 2, pads=[padding] * 4)

    def finish(self, **outputs: tuple[str, tuple[int | str, ...]]) -> bytes:
        """The model's bytes, checked. `outputs`: the name to give → the value and its shape."""
        declared = []
        for name, (value, shape) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [value], [name], name=name))
            declared.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        graph = helper.make_graph(self._nodes, self._name, [self._input], declared, self._constants)
        opset = helper.make_opsetid("", _OPSET)
        model = helper.make_model(
            graph, producer_name="rollcall", ir_version=_IR_VERSION, opset_imports=[opset]
        )
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))
