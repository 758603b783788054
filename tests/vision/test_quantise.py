"""The embedder in 8 bits sees the same faces as in float. The people are drawn, not photographed."""

import json

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from chalicelib.domain.errors import PackRefused
from chalicelib.vision.alignment import Aligner
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.detector import open_detector
from chalicelib.vision.pack import Pack
from infra.demo.identity import draw_identity
from infra.demo.scenes import registration_photos
from layers.packs.embedder_ranges import measure
from layers.packs.quantise import RANGES, activations, quantise, quantise_embedder


@pytest.fixture(scope="module")
def content(float_pack: Pack) -> bytes:
    return float_pack.path(float_pack.embedder.file).read_bytes()


@pytest.fixture(scope="module")
def chips(pack: Pack) -> NDArray[np.uint8]:
    """Of people on whom the ranges were not measured."""
    detector, aligner = open_detector(pack), Aligner(pack)
    found = []
    for seed in (1, 2, 6):
        person = draw_identity(f"person {seed}", np.random.default_rng(seed))
        for photo in registration_photos(person, seed, 2):
            picture = decode_picture(photo)
            found.append(aligner.align(picture, detector.detect(picture)[0]))
    return np.stack(found)


def embeddings(content: bytes, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    pixels = chips.transpose(0, 3, 1, 2).astype(np.float32)
    (raw,) = session.run(["embedding"], {"input": pixels})
    return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True))


def test_8_bits_give_nearly_the_same_embeddings(content: bytes, chips: NDArray[np.uint8]) -> None:
    whole = quantise_embedder(content)
    similarities = (embeddings(content, chips) * embeddings(whole, chips)).sum(axis=1)
    assert similarities.min() > 0.998
    assert len(whole) < len(content) / 3


def test_ranges_that_are_too_narrow_show(content: bytes, chips: NDArray[np.uint8]) -> None:
    declared = json.loads(RANGES.read_text())["ranges"]
    narrow = quantise(content, {name: (low / 20, high / 20) for name, (low, high) in declared.items()})
    assert (embeddings(content, chips) * embeddings(narrow, chips)).sum(axis=1).max() < 0.99


def test_the_same_net_gives_the_same_bytes(content: bytes) -> None:
    assert quantise_embedder(content) == quantise_embedder(content)


def test_the_committed_ranges_are_those_of_the_net(content: bytes, chips: NDArray[np.uint8]) -> None:
    declared = json.loads(RANGES.read_text())["ranges"]
    assert list(declared) == activations(content)
    for name, (low, high) in measure(content, chips).items():
        assert low >= 2 * declared[name][0]
        assert high <= 2 * declared[name][1]


def test_a_value_without_a_range_is_refused_by_name(content: bytes) -> None:
    declared = json.loads(RANGES.read_text())["ranges"]
    del declared["relu_4"]
    with pytest.raises(PackRefused, match="range of relu_4 is not known"):
        quantise(content, declared)
