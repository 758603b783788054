"""The readers of dlib's and mtcnn's files, on a few bytes written here."""

import math
import os
import pickle
import struct
import zipfile
from pathlib import Path

import joblib
import lz4.frame
import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import PackRefused
from layers.packs.dlib_format import DlibReader
from layers.packs.dlib_landmarks import read_shape_predictor
from layers.packs.dlib_resnet import Affine, Convolution, read_network
from layers.packs.dlib_resnet_onnx import fold_affine, fold_input
from layers.packs.graph import GraphWriter
from layers.packs.mtcnn_weights import read_weights
from layers.packs.npz import npz_bytes


def integer(value: int) -> bytes:
    magnitude = abs(value).to_bytes((abs(value).bit_length() + 7) // 8, "little")
    return bytes([len(magnitude) | (0x80 if value < 0 else 0)]) + magnitude


def number(value: float) -> bytes:
    fraction, exponent = math.frexp(value)
    return integer(int(fraction * 2**24)) + integer(exponent - 24)


def text(value: str) -> bytes:
    return integer(len(value)) + value.encode()


def matrix(*rows: tuple[float, ...]) -> bytes:
    return (
        integer(-len(rows)) + integer(-len(rows[0])) + b"".join(number(each) for row in rows for each in row)
    )


def sequence(*items: bytes) -> bytes:
    return integer(len(items)) + b"".join(items)


def tensor(*shape: int) -> bytes:
    values = struct.pack(f"<{math.prod(shape)}f", *range(math.prod(shape)))
    return integer(2) + b"".join(map(integer, shape)) + values


@given(st.integers(-(2**63), 2**63))
def test_an_integer_reads_as_it_was_written(value: int) -> None:
    assert DlibReader(integer(value), "bytes").integer() == value


@given(st.floats(width=16, allow_nan=False, allow_infinity=False))
def test_a_float_reads_as_it_was_written(value: float) -> None:
    assert DlibReader(number(value), "bytes").number() == value


def test_floats_that_are_not_finite_have_exponents_of_their_own() -> None:
    read = [
        DlibReader(integer(0) + integer(exponent), "bytes").number() for exponent in (32000, 32001, 32002)
    ]
    assert read[:2] == [math.inf, -math.inf]
    assert math.isnan(read[2])


def test_a_tensor_keeps_its_shape() -> None:
    reader = DlibReader(tensor(1, 2, 3, 1) + b"1", "bytes")
    np.testing.assert_array_equal(reader.tensor(), np.arange(6, dtype=np.float32).reshape(1, 2, 3, 1))
    assert reader.boolean()
    reader.end()


def shape_predictor() -> bytes:
    tree = sequence(integer(0) + integer(1) + number(0.5)) + sequence(
        matrix((0.25,), (0.0,)), matrix((0.0,), (1.0,))
    )
    anchors, offsets = (
        sequence(integer(0), integer(0)),
        sequence(number(0.5) + number(-1), number(0) + number(2)),
    )
    return (
        integer(1)
        + matrix((0.5,), (0.25,))
        + sequence(sequence(tree))
        + sequence(anchors)
        + sequence(offsets)
    )


def test_a_shape_predictor_becomes_arrays() -> None:
    arrays = read_shape_predictor(shape_predictor())
    assert arrays["mean_shape"].tolist() == [[0.5, 0.25]]
    assert arrays["split_pixels"].tolist() == [[[[0, 1]]]]
    assert arrays["split_thresholds"].tolist() == [[[0.5]]]
    assert arrays["leaves"].tolist() == [[[[[0.25, 0.0]], [[0.0, 1.0]]]]]
    assert arrays["offsets"].tolist() == [[[0.5, -1.0], [0.0, 2.0]]]


@pytest.mark.parametrize("length", range(0, len(shape_predictor()), 7))
def test_a_file_cut_short_is_refused(length: int) -> None:
    with pytest.raises(PackRefused):
        read_shape_predictor(shape_predictor()[:length])


def test_bytes_after_the_end_are_refused() -> None:
    with pytest.raises(PackRefused, match="1 bytes follow"):
        read_shape_predictor(shape_predictor() + b"x")


def test_a_network_of_another_kind_is_refused() -> None:
    with pytest.raises(PackRefused, match="loss_metric_2"):
        read_network(integer(1) + text("loss_mmod_"), "a detector")


def test_folding_changes_no_result() -> None:
    random = np.random.default_rng(1)
    plain = Convolution(random.normal(size=(4, 3, 3, 3)), random.normal(size=4), stride=2, padding=0)
    affine = Affine(random.normal(size=4), random.normal(size=4))
    mean, picture = (122.0, 117.0, 104.0), random.uniform(0, 255, (1, 3, 9, 9))
    folded = fold_affine(fold_input(plain, mean, 1 / 256), affine)
    expected = convolve(plain, (picture - np.reshape(mean, (1, 3, 1, 1))) / 256)
    expected = expected * affine.gamma[:, None, None] + affine.beta[:, None, None]
    np.testing.assert_allclose(convolve(folded, picture), expected, atol=1e-4)


def test_a_mean_is_not_folded_into_a_padded_convolution() -> None:
    padded = Convolution(np.ones((1, 3, 3, 3)), np.zeros(1), stride=1, padding=1)
    with pytest.raises(PackRefused, match="padded"):
        fold_input(padded, (1.0, 1.0, 1.0), 1.0)


def convolve(layer: Convolution, picture: np.ndarray) -> np.ndarray:
    graph = GraphWriter("one convolution", (1, 3, 9, 9))
    value = graph.convolution(
        "input", layer.filters, layer.biases, stride=layer.stride, padding=layer.padding
    )
    session = onnxruntime.InferenceSession(graph.finish(output=(value, (1, 4, 4, 4))))
    return np.asarray(session.run(None, {"input": picture.astype(np.float32)})[0])


def pickled(value: object, folder: Path) -> bytes:
    joblib.dump(value, folder / "weights")
    return lz4.frame.compress((folder / "weights").read_bytes())


def test_weights_are_read_without_a_plain_unpickler(tmp_path: Path) -> None:
    arrays = [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(3, np.float32)]
    read = read_weights(pickled(arrays, tmp_path), 2)
    assert [each.tolist() for each in read] == [each.tolist() for each in arrays]


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("sprung",)


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PackRefused, match="mkdir"):
        read_weights(lz4.frame.compress(pickle.dumps([Trap()])), 1)
    assert not Path("sprung").exists()


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, [np.ones(2)]])
def test_anything_but_the_expected_arrays_is_refused(value: object, tmp_path: Path) -> None:
    with pytest.raises(PackRefused, match="list of 2 arrays"):
        read_weights(pickled(value, tmp_path), 2)


def test_an_npz_depends_on_its_arrays_alone(tmp_path: Path) -> None:
    arrays = {"b": np.arange(3), "a": np.eye(2, dtype=np.float32)}
    written = npz_bytes(arrays)
    assert written == npz_bytes(dict(reversed(arrays.items())))
    (tmp_path / "arrays.npz").write_bytes(written)
    with zipfile.ZipFile(tmp_path / "arrays.npz") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as read:
        assert {name: read[name].tolist() for name in read} == {n: a.tolist() for n, a in arrays.items()}
