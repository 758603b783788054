"""Reads dlib's face recognition network (`dlib_face_recognition_resnet_model_v1.dat`) into a list of layers.

The file nests the layers as C++ templates do: first a version number per layer from the output to the input, then
the layers' own fields from the input to the output.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chalicelib.domain.errors import PackRefused
from layers.packs.dlib_format import DlibReader

_HAS_LAYER = (
    2,
    3,
)  # 2: a layer on a layer; 3: the layer on the input; 1: a tag or a skip, which stores nothing


@dataclass(frozen=True)
class Convolution:
    """filters (out, in, rows, columns), biases (out,), both float32."""

    filters: np.ndarray
    biases: np.ndarray
    stride: int
    padding: int


@dataclass(frozen=True)
class Affine:
    """gamma and beta, (channels,) float32: what batch normalisation became after training."""

    gamma: np.ndarray
    beta: np.ndarray


@dataclass(frozen=True)
class Relu:
    pass


@dataclass(frozen=True)
class AddBranch:
    """Adds what the last `Tag` or `Swap` kept, both padded with zeros to the larger shape."""


@dataclass(frozen=True)
class Pool:
    """`size` 0 means over the whole plane."""

    kind: str
    size: int
    stride: int


@dataclass(frozen=True)
class Dense:
    """weights (in, out) float32; no bias."""

    weights: np.ndarray


@dataclass(frozen=True)
class Tag:
    """Keep the current value for a later `AddBranch`."""


@dataclass(frozen=True)
class Swap:
    """Keep the current value for `AddBranch` and continue from the one that `Tag` kept: a tag under a skip."""


Layer = Convolution | Affine | Relu | AddBranch | Pool | Dense | Tag | Swap


@dataclass(frozen=True)
class DlibNetwork:
    """Layers from the input to the output; the mean is of R, G, B; the size in pixels, square."""

    mean: tuple[float, float, float]
    size: int
    layers: tuple[Layer, ...]


def read_network(content: bytes, name: str = "dlib network") -> DlibNetwork:
    """Raises PackRefused where the bytes are not such a network."""
    reader = DlibReader(content, name)
    reader.expect(1, "version of the network")
    reader.expect("loss_metric_2", "loss layer")
    reader.number(), reader.number()  # the loss's margin and distance threshold: training only
    versions = [reader.integer()]
    while versions[-1] != 3:
        versions.append(reader.integer())
    reader.expect("input_rgb_image_sized", "input layer")
    mean = (reader.number(), reader.number(), reader.number())
    rows, _columns = reader.integer(), reader.integer()
    layers = tuple(_unwind(reader, versions[::-1]))
    reader.end()
    return DlibNetwork(mean, rows, layers)


def _unwind(reader: DlibReader, versions: list[int]) -> list[Layer]:
    layers: list[Layer] = []
    at = 0
    while at < len(versions):
        if versions[at] in _HAS_LAYER:
            layers.append(_read_layer(reader))
            _skip_training_state(reader, bottom=versions[at] == 3)
        elif at + 1 < len(versions) and versions[at + 1] not in _HAS_LAYER:
            layers.append(Swap())
            at += 1
        else:
            layers.append(Tag())
        at += 1
    return layers


def _read_layer(reader: DlibReader) -> Layer:
    name = reader.text()
    if name not in _READERS:
        raise PackRefused(f"a layer of type {name!r} is not known")
    return _READERS[name](reader)


def _skip_training_state(reader: DlibReader, *, bottom: bool) -> None:
    for _ in range(3):
        reader.boolean()
    for _ in range(3):
        reader.tensor()
    if bottom:
        reader.integer()


def _read_convolution(reader: DlibReader) -> Convolution:
    parameters = reader.tensor().ravel()
    reader.integer()  # the number of filters, which their alias repeats
    _rows, _columns, stride, _stride_x, padding, _padding_x = (reader.integer() for _ in range(6))
    filters_shape, biases_shape = reader.alias_tensor(), reader.alias_tensor()
    count = math.prod(filters_shape)
    biases = parameters[count : count + math.prod(biases_shape)]
    _skip_rates(reader)
    return Convolution(parameters[:count].reshape(filters_shape), biases, stride, padding)


def _read_affine(reader: DlibReader) -> Affine:
    parameters = reader.tensor().ravel()
    reader.alias_tensor(), reader.alias_tensor()
    reader.expect(0, "an affine layer per channel")
    channels = parameters.size // 2
    return Affine(parameters[:channels], parameters[channels:])


def _read_pool(reader: DlibReader, kind: str) -> Pool:
    size, _columns, stride, _stride_x, _padding, _padding_x = (reader.integer() for _ in range(6))
    return Pool(kind, size, stride)


def _read_dense(reader: DlibReader) -> Dense:
    outputs, _inputs = reader.integer(), reader.integer()
    weights = reader.tensor()
    reader.alias_tensor(), reader.alias_tensor()
    reader.expect(1, "a dense layer without bias")
    _skip_rates(reader)
    return Dense(weights.reshape(-1, outputs))


def _skip_rates(reader: DlibReader) -> None:
    for _ in range(4):  # learning rates and decays: training only
        reader.number()


_READERS: dict[str, Callable[[DlibReader], Layer]] = {
    "con_4": _read_convolution,
    "affine_": _read_affine,
    "relu_": lambda _: Relu(),
    "add_prev_": lambda _: AddBranch(),
    "max_pool_2": lambda reader: _read_pool(reader, "MaxPool"),
    "avg_pool_2": lambda reader: _read_pool(reader, "AveragePool"),
    "fc_2": _read_dense,
}
