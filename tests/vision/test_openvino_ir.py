"""IR to ONNX: a tiny net with every operator, written by hand, against the same sums in numpy."""

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from chalicelib.domain.errors import PackRefused
from layers.packs.onnx_edit import streamline
from layers.packs.openvino_ir import convert_ir

Floats = NDArray[np.float32]

random = np.random.default_rng(11)
SCALE, SHIFT = (random.normal(size=(1, 2, 1, 1)).astype(np.float32) for _ in range(2))
FILTERS = random.normal(size=(4, 2, 3, 3)).astype(np.float32)
BIAS = random.normal(size=(1, 4, 1, 1)).astype(np.float32)
SLOPE = np.full((1, 1, 1), -0.3, np.float32)
GROUPED = random.normal(size=(4, 1, 1, 3, 3)).astype(np.float32)
PICTURE = random.normal(size=(3, 2, 8, 8)).astype(np.float32)

ONE_TO_ONE = 'strides="1,1" dilations="1,1" pads_begin="1,1" pads_end="1,1" auto_pad="explicit"'
HALVING = 'strides="2, 2" dilations="1, 1" pads_begin="1, 1" pads_end="1, 1" auto_pad="explicit"'
PLANE = 'kernel="4,4" strides="4,4" pads_begin="0,0" pads_end="0,0" exclude-pad="true" rounding_type="floor"'


def tiny_ir(**replaced: str) -> tuple[bytes, bytes]:
    """The .xml and the .bin of: scale, shift, convolve (halving), bias, PReLU, convolve each channel, gate by the
    sigmoid of its average.
    """
    constants = {2: SCALE, 4: SHIFT, 6: FILTERS, 8: BIAS, 10: SLOPE, 12: GROUPED}
    binary, layers = (
        b"",
        ['<layer id="1" name="x" type="Parameter"><data shape="1,2,8,8" element_type="f32"/></layer>'],
    )
    for number, array in constants.items():
        shape = ",".join(map(str, array.shape))
        place = f'offset="{len(binary)}" size="{array.nbytes}"'
        layers.append(
            f'<layer id="{number}" name="c{number}" type="Const">'
            f'<data element_type="f32" shape="{shape}" {place}/></layer>'
        )
        binary += array.tobytes()
    operators = [
        (3, "Multiply", "", (1, 2)),
        (5, "Add", "", (3, 4)),
        (7, "Convolution", HALVING, (5, 6)),
        (9, "Add", "", (7, 8)),
        (11, "PReLU", "", (9, 10)),
        (13, "GroupConvolution", ONE_TO_ONE, (11, 12)),
        (14, "AvgPool", PLANE, (13,)),
        (15, "Sigmoid", "", (14,)),
        (16, "Multiply", "", (13, 15)),
        (17, "Result", "", (16,)),
    ]
    edges = []
    for number, kind, data, inputs in operators:
        layers.append(f'<layer id="{number}" name="l{number}" type="{kind}"><data {data}/></layer>')
        edges += [
            f'<edge from-layer="{source}" from-port="0" to-layer="{number}" to-port="{port}"/>'
            for port, source in enumerate(inputs)
        ]
    # Backwards: the order of the text means nothing, the edges do.
    parts = f"<layers>{''.join(layers[::-1])}</layers><edges>{''.join(edges[::-1])}</edges>"
    text = f'<net name="tiny" version="10">{parts}</net>'
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return text.encode(), binary


def convolved(x: Floats, filters: Floats, stride: int, groups: int = 1) -> Floats:
    """With 3x3 filters and one pixel of zeros around."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::stride, ::stride]
    if groups > 1:
        return np.asarray(np.einsum("nchwij,cij->nchw", windows, filters[:, 0]))
    return np.asarray(np.einsum("nchwij,ocij->nohw", windows, filters))


def by_hand(x: Floats) -> Floats:
    value = convolved(x * SCALE + SHIFT, FILTERS, 2) + BIAS
    value = np.where(value > 0, value, SLOPE * value)
    value = convolved(value, GROUPED[:, 0], 1, groups=4)
    gate = 1 / (1 + np.exp(-value.mean(axis=(2, 3), keepdims=True)))
    return np.asarray((value * gate).reshape(len(x), -1))


def run(net: bytes, x: Floats) -> Floats:
    session = onnxruntime.InferenceSession(net, providers=["CPUExecutionProvider"])
    (found,) = session.run(["embedding"], {"input": x})
    return np.asarray(found)


def test_every_operator_does_what_it_says_for_any_number_of_pictures() -> None:
    net = convert_ir(*tiny_ir())
    np.testing.assert_allclose(run(net, PICTURE), by_hand(PICTURE), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(run(net, PICTURE[:1]), by_hand(PICTURE[:1]), rtol=1e-4, atol=1e-5)


def test_a_streamlined_net_gives_the_same_with_fewer_steps() -> None:
    net = convert_ir(*tiny_ir())
    fast = streamline(net)
    np.testing.assert_allclose(run(fast, PICTURE), by_hand(PICTURE), rtol=1e-4, atol=1e-5)
    assert b"LeakyRelu" in fast
    assert b"PRelu" not in fast
    assert fast.count(b"Add") < net.count(b"Add")


def test_the_same_ir_gives_the_same_bytes() -> None:
    assert convert_ir(*tiny_ir()) == convert_ir(*tiny_ir())


@pytest.mark.parametrize(
    ("replaced", "reason"),
    [
        ({'type="Sigmoid"': 'type="Swish"'}, "l15: the operator Swish is not known; known are Add, AvgPool"),
        ({'version="10"': 'version="7"'}, "version 10 or 11 is wanted, not net 7"),
        ({'rounding_type="floor"': 'rounding_type="ceil"'}, "l14: rounding_type ceil is not known"),
        ({'auto_pad="explicit"': 'auto_pad="same_upper"'}, "auto_pad same_upper is not known"),
        ({'type="Result"': 'type="Sigmoid"'}, "one Result is wanted, not 0"),
        (
            {'element_type="f32" shape="1,2,1,1"': 'element_type="f16" shape="1,2,1,1"'},
            "are not .* of type f32",
        ),
        ({'shape="4,2,3,3"': 'shape="4,2,3,4"'}, r"c6: 288 bytes at 16 are not \[4, 2, 3, 4\]"),
        ({'from-layer="1"': 'from-layer="16"'}, "round in a circle"),
        ({"</net>": ""}, "not XML"),
    ],
)
def test_an_ir_that_is_not_understood_is_refused_by_name(replaced: dict[str, str], reason: str) -> None:
    with pytest.raises(PackRefused, match=reason):
        convert_ir(*tiny_ir(**replaced))


def test_constants_that_end_too_soon_are_refused() -> None:
    xml, binary = tiny_ir()
    with pytest.raises(PackRefused, match="c12: 144 bytes"):
        convert_ir(xml, binary[:-1])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_ir_with_a_document_type_is_not_read(encoding: str) -> None:
    """It could define entities that grow without bound, in any encoding."""
    declared = '<!DOCTYPE net [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><net name="&b;" version="10"/>'
    with pytest.raises(PackRefused, match="document type"):
        convert_ir(declared.encode(encoding), b"")
