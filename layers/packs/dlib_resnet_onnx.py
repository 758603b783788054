"""dlib's face recognition network as ONNX: (n, 3, size, size) RGB 0..255 → (n, 128), not of unit norm.

The affine layers fold into the convolutions before them, the input's mean and scale into the first one. Folding is
done in float64 and rounded once.
"""

import math

import numpy as np

from chalicelib.domain.errors import PackRefused
from layers.packs.dlib_resnet import (
    AddBranch,
    Affine,
    Convolution,
    Dense,
    DlibNetwork,
    Layer,
    Pool,
    Relu,
    Swap,
    Tag,
    read_network,
)
from layers.packs.graph import GraphWriter

_SCALE = 1 / 256  # dlib's input layer divides by 256, not by 255
_Shape = tuple[int, int, int]


def convert_embedder(content: bytes) -> bytes:
    """The bytes of `dlib_face_recognition_resnet_model_v1.dat` → those of `embedder.onnx`."""
    network = read_network(content, "dlib_face_recognition_resnet_model_v1.dat")
    return _Emitter(network).emit()


def fold_input(first: Convolution, mean: tuple[float, float, float], scale: float) -> Convolution:
    """The convolution that gives on x what `first` gives on (x - mean)·scale. Exact only without padding."""
    if first.padding:
        raise PackRefused("the input's mean cannot be folded into a padded convolution")
    filters = first.filters.astype(np.float64) * scale
    weighted = filters * np.array(mean)[None, :, None, None]
    # fsum: correctly rounded whatever the order, so that every machine writes the same bytes.
    shift = np.array([math.fsum(each.ravel()) for each in weighted])
    return Convolution(filters, first.biases - shift, first.stride, first.padding)


def fold_affine(convolution: Convolution, affine: Affine) -> Convolution:
    """The convolution that gives what `affine` gives after `convolution`."""
    gamma = affine.gamma.astype(np.float64)
    filters = convolution.filters * gamma[:, None, None, None]
    biases = convolution.biases * gamma + affine.beta
    return Convolution(filters, biases, convolution.stride, convolution.padding)


class _Emitter:
    """Walks the layers with the current value, its (channels, rows, columns), and the value a tag kept."""

    def __init__(self, network: DlibNetwork) -> None:
        size = network.size
        self._graph = GraphWriter("dlib_face_recognition_resnet", ("n", 3, size, size))
        self._layers = _fold(network)
        self._value, self._shape = "input", (3, size, size)
        self._kept, self._kept_shape = self._value, self._shape

    def emit(self) -> bytes:
        for layer in self._layers:
            self._add(layer)
        return self._graph.finish(embedding=(self._value, ("n", self._shape[0])))

    def _add(self, layer: Layer) -> None:
        match layer:
            case Convolution():
                self._add_convolution(layer)
            case Relu():
                self._value = self._graph.node("Relu", self._value)
            case Pool():
                self._add_pool(layer)
            case Tag():
                self._kept, self._kept_shape = self._value, self._shape
            case Swap():
                self._value, self._kept = self._kept, self._value
                self._shape, self._kept_shape = self._kept_shape, self._shape
            case AddBranch():
                self._add_branch()
            case Dense():
                self._add_dense(layer)
            case Affine():
                raise PackRefused("an affine layer stands without a convolution before it")

    def _add_convolution(self, layer: Convolution) -> None:
        self._value = self._graph.convolution(
            self._value, layer.filters, layer.biases, stride=layer.stride, padding=layer.padding
        )
        filters, _, size, _ = layer.filters.shape
        rows, columns = ((side + 2 * layer.padding - size) // layer.stride + 1 for side in self._shape[1:])
        self._shape = (filters, rows, columns)

    def _add_pool(self, layer: Pool) -> None:
        if layer.size == 0:
            self._value = self._graph.node("GlobalAveragePool", self._value)
            self._shape = (self._shape[0], 1, 1)
            return
        sizes = {"kernel_shape": [layer.size] * 2, "strides": [layer.stride] * 2}
        self._value = self._graph.node(layer.kind, self._value, **sizes)
        rows, columns = ((side - layer.size) // layer.stride + 1 for side in self._shape[1:])
        self._shape = (self._shape[0], rows, columns)

    def _add_branch(self) -> None:
        larger = tuple(map(max, self._shape, self._kept_shape))
        shape: _Shape = (larger[0], larger[1], larger[2])
        left = self._pad(self._value, self._shape, shape)
        right = self._pad(self._kept, self._kept_shape, shape)
        self._value, self._shape = self._graph.node("Add", left, right), shape

    def _pad(self, value: str, shape: _Shape, larger: _Shape) -> str:
        if shape == larger:
            return value
        ends = [new - old for new, old in zip(larger, shape, strict=True)]
        return self._graph.node(
            "Pad", value, self._graph.constant(np.array([0, 0, 0, 0, 0, *ends], np.int64))
        )

    def _add_dense(self, layer: Dense) -> None:
        flat = self._graph.node("Flatten", self._value)
        self._value = self._graph.node("MatMul", flat, self._graph.constant(layer.weights.astype(np.float32)))
        self._shape = (layer.weights.shape[1], 1, 1)


def _fold(network: DlibNetwork) -> list[Layer]:
    first, *rest = network.layers
    if not isinstance(first, Convolution):
        raise PackRefused("the network does not begin with a convolution")
    folded: list[Layer] = [fold_input(first, network.mean, _SCALE)]
    for layer in rest:
        last = folded[-1]
        if isinstance(layer, Affine) and isinstance(last, Convolution):
            folded[-1] = fold_affine(last, layer)
        elif isinstance(layer, Pool) and layer.kind == "MaxPool" and isinstance(last, Relu):
            # The same values, fewer to rectify. In 8 bits the runtime would pool integers behind a Relu, which is slow.
            folded[-1:] = [layer, last]
        else:
            folded.append(layer)
    return folded
