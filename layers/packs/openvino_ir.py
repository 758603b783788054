"""OpenVINO's intermediate representation as ONNX: an .xml of layers and of edges between them, a .bin of constants.

Only the operators of the nets that packs use; another one is refused by name.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from xml.etree import ElementTree  # see _NoDoctype

import numpy as np

from chalicelib.domain.errors import PackRefused
from layers.packs.graph import GraphWriter

_VERSIONS = ("10", "11")


@dataclass(frozen=True)
class Layer:
    """`inputs`: the numbers of the layers whose outputs it reads, in the order of its ports."""

    name: str
    kind: str
    attributes: Mapping[str, str]
    inputs: tuple[int, ...]


def convert_ir(xml: bytes, constants: bytes) -> bytes:
    """The .xml and the .bin of a net with one picture in and one row of values out → ONNX: `input` (n, c, h, w),
    `embedding` (n, d). Raises PackRefused for what is not such a net.
    """
    layers = _layers(xml)
    (result,) = _only(layers, "Result")
    (parameter,) = _only(layers, "Parameter")
    shape = _integers(layers[parameter].attributes["shape"])
    writer = GraphWriter("openvino_ir", ("n", *shape[1:]))
    values = {parameter: "input"}
    arrays: dict[int, np.ndarray] = {}
    for number in _sorted(layers):
        layer = layers[number]
        if layer.kind == "Const":
            arrays[number] = _constant(layer, constants)
            values[number] = writer.constant(arrays[number])
        elif layer.kind not in ("Parameter", "Result"):
            values[number] = _emit(layer, writer, values, arrays)
    (last,) = layers[result].inputs
    return writer.finish(embedding=(writer.node("Flatten", values[last]), ("n", "d")))


class _NoDoctype(ElementTree.TreeBuilder):
    """A document type may define entities that grow without bound, or that name files."""

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        raise PackRefused(f"the IR declares a document type ({name}): not read")


def _layers(xml: bytes) -> dict[int, Layer]:
    """By number."""
    try:
        net = ElementTree.fromstring(xml, ElementTree.XMLParser(target=_NoDoctype()))  # noqa: S314
    except ElementTree.ParseError as error:
        raise PackRefused(f"the IR is not XML: {error}") from error
    if net.tag != "net" or net.get("version") not in _VERSIONS:
        raise PackRefused(
            f"an IR of version {' or '.join(_VERSIONS)} is wanted, not {net.tag} {net.get('version')}"
        )
    edges: dict[int, dict[int, int]] = {}
    for edge in net.iter("edge"):
        ports = edges.setdefault(int(edge.attrib["to-layer"]), {})
        ports[int(edge.attrib["to-port"])] = int(edge.attrib["from-layer"])
    layers = {}
    for layer in net.iter("layer"):
        number, data = int(layer.attrib["id"]), layer.find("data")
        inputs = tuple(source for _, source in sorted(edges.get(number, {}).items()))
        attributes = {} if data is None else dict(data.attrib)
        layers[number] = Layer(layer.attrib["name"], layer.attrib["type"], attributes, inputs)
    return layers


def _sorted(layers: Mapping[int, Layer]) -> list[int]:
    """Each after those that it reads."""
    try:
        return list(
            TopologicalSorter({number: layer.inputs for number, layer in layers.items()}).static_order()
        )
    except CycleError as error:
        raise PackRefused("the IR's layers go round in a circle") from error


def _constant(layer: Layer, constants: bytes) -> np.ndarray:
    """float32"""
    shape, kind = _integers(layer.attributes["shape"]), layer.attributes["element_type"]
    start, size = int(layer.attributes["offset"]), int(layer.attributes["size"])
    stored = constants[start : start + size]
    if kind != "f32" or len(stored) != size or size != 4 * math.prod(shape):
        raise PackRefused(f"{layer.name}: {size} bytes at {start} are not {shape} values of type f32")
    return np.frombuffer(stored, "<f4").reshape(shape)


_Values = Mapping[int, str]
_Arrays = Mapping[int, np.ndarray]


def _emit(layer: Layer, writer: GraphWriter, values: _Values, arrays: _Arrays) -> str:
    """Adds what the layer does; the name of its output."""
    if layer.kind not in _OPERATORS:
        known = ", ".join(sorted(_OPERATORS))
        raise PackRefused(f"{layer.name}: the operator {layer.kind} is not known; known are {known}")
    return _OPERATORS[layer.kind](layer, writer, values, arrays)


def _same_as(operator: str) -> Callable[[Layer, GraphWriter, _Values, _Arrays], str]:
    def emit(layer: Layer, writer: GraphWriter, values: _Values, _arrays: _Arrays) -> str:
        return writer.node(operator, *(values[source] for source in layer.inputs))

    return emit


def _convolution(layer: Layer, writer: GraphWriter, values: _Values, arrays: _Arrays) -> str:
    """In a GroupConvolution the filters are (groups, out, in, rows, columns)."""
    value, filters = layer.inputs
    groups, weights = 1, arrays[filters]
    if layer.kind == "GroupConvolution":
        groups, weights = weights.shape[0], weights.reshape(-1, *weights.shape[2:])
    dilations = _integers(layer.attributes["dilations"])
    return writer.node(
        "Conv", values[value], writer.constant(weights), group=groups, dilations=dilations, **_window(layer)
    )


def _average(layer: Layer, writer: GraphWriter, values: _Values, _arrays: _Arrays) -> str:
    if layer.attributes.get("rounding_type", "floor") != "floor":
        raise PackRefused(f"{layer.name}: rounding_type {layer.attributes['rounding_type']} is not known")
    counts_padding = layer.attributes["exclude-pad"] == "false"
    return writer.node(
        "AveragePool",
        values[layer.inputs[0]],
        kernel_shape=_integers(layer.attributes["kernel"]),
        count_include_pad=int(counts_padding),
        **_window(layer),
    )


def _window(layer: Layer) -> dict[str, list[int]]:
    if layer.attributes.get("auto_pad", "explicit") not in ("explicit", "notset"):
        raise PackRefused(f"{layer.name}: auto_pad {layer.attributes['auto_pad']} is not known")
    pads = _integers(layer.attributes["pads_begin"]) + _integers(layer.attributes["pads_end"])
    return {"strides": _integers(layer.attributes["strides"]), "pads": pads}


_OPERATORS = {
    "Add": _same_as("Add"),
    "Multiply": _same_as("Mul"),
    "Sigmoid": _same_as("Sigmoid"),
    "PReLU": _same_as("PRelu"),
    "Convolution": _convolution,
    "GroupConvolution": _convolution,
    "AvgPool": _average,
}


def _only(layers: Mapping[int, Layer], kind: str) -> list[int]:
    found = [number for number, layer in layers.items() if layer.kind == kind]
    if len(found) != 1:
        raise PackRefused(f"a net with one {kind} is wanted, not {len(found)}")
    return found


def _integers(text: str) -> list[int]:
    return [int(each) for each in text.split(",") if each.strip()]
