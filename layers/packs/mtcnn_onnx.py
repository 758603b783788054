"""MTCNN's three nets as ONNX (Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks", 2016), with the weights of the mtcnn package.

Input (n, 3, rows, columns) RGB 0..255: the normalisation (x - 127.5)/128 is folded into the first convolution.
Outputs: `regression` (n, 4, …) as left, top, right, bottom in parts of the window; `face` (n, …) the probability;
O-Net also `landmarks` (n, 10), five x, then five y, image-left eye first.
"""

from collections.abc import Iterator

import numpy as np

from layers.packs.dlib_resnet import Convolution
from layers.packs.dlib_resnet_onnx import fold_input
from layers.packs.graph import GraphWriter
from layers.packs.mtcnn_weights import read_weights

_MEAN, _SCALE = (127.5, 127.5, 127.5), 1 / 128


def convert_pnet(content: bytes) -> bytes:
    """The proposal net, for pictures of any size from 12x12."""
    net = _Net("pnet", read_weights(content, 13), ("n", 3, "rows", "columns"))
    value = net.first_convolution()
    value = net.pool(value, 2, same=True)
    value = net.activated_convolution(value)
    value = net.activated_convolution(value)
    regression, classes = net.convolution(value), net.graph.node("Softmax", net.convolution(value), axis=1)
    face = net.graph.node("Gather", classes, net.graph.constant(np.array(1, np.int64)), axis=1)
    plane = ("n", "out_rows", "out_columns")
    return net.graph.finish(regression=(regression, ("n", 4, *plane[1:])), face=(face, plane))


def convert_rnet(content: bytes) -> bytes:
    """The refinement net, for patches of 24x24."""
    net = _Net("rnet", read_weights(content, 16), ("n", 3, 24, 24))
    value = net.pool(net.first_convolution(), 3, same=True)
    value = net.pool(net.activated_convolution(value), 3)
    value = net.activated_convolution(value)
    value = net.activated_dense(net.flatten(value))
    regression, face = net.dense(value), net.probability(net.dense(value))
    return net.graph.finish(regression=(regression, ("n", 4)), face=(face, ("n",)))


def convert_onet(content: bytes) -> bytes:
    """The output net, for patches of 48x48."""
    net = _Net("onet", read_weights(content, 21), ("n", 3, 48, 48))
    value = net.pool(net.first_convolution(), 3, same=True)
    value = net.pool(net.activated_convolution(value), 3)
    value = net.pool(net.activated_convolution(value), 2, same=True)
    value = net.activated_convolution(value)
    value = net.activated_dense(net.flatten(value))
    regression, landmarks, classes = net.dense(value), net.dense(value), net.dense(value)
    face = net.probability(classes)
    return net.graph.finish(
        regression=(regression, ("n", 4)), landmarks=(landmarks, ("n", 10)), face=(face, ("n",))
    )


class _Net:
    """Consumes a net's arrays in Keras's order while its graph grows."""

    def __init__(self, name: str, arrays: list[np.ndarray], input_shape: tuple[int | str, ...]) -> None:
        self.graph = GraphWriter(name, input_shape)
        self._arrays: Iterator[np.ndarray] = iter(arrays)

    def first_convolution(self) -> str:
        folded = fold_input(self._next_convolution(), _MEAN, _SCALE)
        return self._activate(self.graph.convolution("input", folded.filters, folded.biases))

    def convolution(self, value: str) -> str:
        layer = self._next_convolution()
        return self.graph.convolution(value, layer.filters, layer.biases)

    def activated_convolution(self, value: str) -> str:
        return self._activate(self.convolution(value))

    def pool(self, value: str, size: int, *, same: bool = False) -> str:
        padding = "SAME_UPPER" if same else "VALID"  # Keras pads 'same' at the end first
        return self.graph.node("MaxPool", value, kernel_shape=[size] * 2, strides=[2, 2], auto_pad=padding)

    def flatten(self, value: str) -> str:
        """In the order the dense weights were trained with: columns, rows, channels."""
        return self.graph.node("Flatten", self.graph.node("Transpose", value, perm=[0, 3, 2, 1]))

    def dense(self, value: str) -> str:
        weights, biases = next(self._arrays), next(self._arrays)
        return self.graph.node("Gemm", value, self.graph.constant(weights), self.graph.constant(biases))

    def activated_dense(self, value: str) -> str:
        return self.graph.node("PRelu", self.dense(value), self.graph.constant(next(self._arrays)))

    def probability(self, classes: str) -> str:
        """(n, 2) not-face and face → (n,)"""
        softmax = self.graph.node("Softmax", classes, axis=1)
        return self.graph.node("Gather", softmax, self.graph.constant(np.array(1, np.int64)), axis=1)

    def _activate(self, value: str) -> str:
        """PReLU, the same values bit for bit as of the operator PRelu, which takes the runtime up to half of a net's
        time: with slopes to 1 it is max(x, slope·x), with any slopes max(x, 0) + slope·min(x, 0).
        """
        slopes = next(self._arrays).reshape(-1, 1, 1)
        node, factors = self.graph.node, self.graph.constant(slopes)
        if slopes.max() <= 1:
            return node("Max", value, node("Mul", value, factors))
        below = node("Min", value, self.graph.constant(np.zeros(1, np.float32)))
        return node("Add", node("Relu", value), node("Mul", below, factors))

    def _next_convolution(self) -> Convolution:
        """Keras keeps (rows, columns, in, out), ONNX wants (out, in, rows, columns)."""
        filters, biases = next(self._arrays), next(self._arrays)
        return Convolution(filters.transpose(3, 2, 0, 1), biases, stride=1, padding=0)
