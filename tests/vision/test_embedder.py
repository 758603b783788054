"""Faces to chips to embeddings."""

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from chalicelib.domain.sightings import Box
from chalicelib.vision.alignment import Aligner, Similarity, similarity, warp
from chalicelib.vision.detector import open_detector
from chalicelib.vision.embedder import Embedder
from chalicelib.vision.faces import Face
from chalicelib.vision.pack import Pack

Photos = Mapping[str, list[NDArray[np.uint8]]]


@pytest.fixture(scope="module")
def embedder(pack: Pack) -> Embedder:
    return Embedder(pack)


@pytest.fixture(scope="module")
def aligner(pack: Pack) -> Aligner:
    return Aligner(pack)


@pytest.fixture
def chips() -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (11, 150, 150, 3), dtype=np.uint8)


def face_at(*landmarks: tuple[float, float]) -> Face:
    return Face(Box(0, 0, 1, 1), np.array(landmarks, np.float32), 1.0)


def test_embeddings_have_unit_norm(embedder: Embedder, chips: NDArray[np.uint8]) -> None:
    embeddings = embedder.embed(chips)
    assert embeddings.shape == (11, 128)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)


def test_a_chip_embeds_the_same_alone_and_among_others(embedder: Embedder, chips: NDArray[np.uint8]) -> None:
    alone = np.concatenate([embedder.embed(chips[place : place + 1]) for place in range(len(chips))])
    np.testing.assert_allclose(embedder.embed(chips), alone, atol=1e-5)


def test_a_mirrored_embedding_is_the_average_of_the_chip_s_and_the_mirrored_chip_s(
    pack: Pack, embedder: Embedder, chips: NDArray[np.uint8]
) -> None:
    plain = Embedder(replace(pack, embedder=replace(pack.embedder, mirrored=False)))
    average = plain.embed(chips) + plain.embed(np.ascontiguousarray(chips[:, :, ::-1]))
    average /= np.linalg.norm(average, axis=1, keepdims=True)
    assert pack.embedder.mirrored
    np.testing.assert_allclose(embedder.embed_to_enrol(chips), average, atol=1e-5)
    np.testing.assert_allclose(embedder.embed(chips), plain.embed(chips), atol=1e-5)
    np.testing.assert_allclose(plain.embed_to_enrol(chips), plain.embed(chips), atol=1e-5)
    assert np.abs(plain.embed(chips) - average).max() > 0.01, "a chip is not its own mirror image"


def test_a_face_and_its_mirror_image_embed_the_same(embedder: Embedder, chips: NDArray[np.uint8]) -> None:
    np.testing.assert_allclose(
        embedder.embed_to_enrol(chips), embedder.embed_to_enrol(chips[:, :, ::-1]), atol=1e-5
    )


def test_no_chips_give_no_embeddings(
    embedder: Embedder, aligner: Aligner, soft_picture: NDArray[np.uint8]
) -> None:
    chips = aligner.chips(soft_picture, [])
    assert chips.shape == (0, 150, 150, 3)
    assert embedder.embed(chips).shape == (0, 128)


@pytest.mark.parametrize(
    "wrong", [np.zeros((1, 112, 112, 3), np.uint8), np.zeros((1, 150, 150, 3), np.float32)]
)
def test_chips_of_another_size_or_type_are_refused(embedder: Embedder, wrong: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match=r"chips are \(n, 150, 150, 3\) uint8"):
        embedder.embed(wrong)


def test_a_person_is_nearer_to_themselves_than_to_anybody_else(
    pack: Pack, aligner: Aligner, embedder: Embedder, face_photos: Photos
) -> None:
    detector = open_detector(pack)
    chips = [
        aligner.align(photo, detector.detect(photo)[0]) for each in face_photos.values() for photo in each[:2]
    ]
    embeddings = embedder.embed(np.stack(chips))
    similarities = embeddings @ embeddings.T - 2 * np.eye(len(chips))
    nearest = similarities.argmax(axis=1)
    right = sum(place ^ 1 == other for place, other in enumerate(nearest))
    assert right >= 0.9 * len(chips)


def test_a_turned_face_gives_the_same_chip(pack: Pack, aligner: Aligner, face_photos: Photos) -> None:
    """In-plane rotation and scale are what alignment takes away."""
    photo = next(iter(face_photos.values()))[0]
    upright = open_detector(pack).detect(photo)[0]
    onto = cv2.getRotationMatrix2D((125, 125), 25, 1.7)
    onto[:, 2] += 120
    turned = np.asarray(cv2.warpAffine(photo, onto, (490, 490), flags=cv2.INTER_CUBIC), np.uint8)
    points = upright.landmarks @ onto[:, :2].T + onto[:, 2]
    chip = aligner.align(turned, Face(upright.box, points.astype(np.float32), 1.0))
    assert np.abs(chip[20:-20, 20:-20] - aligner.align(photo, upright)[20:-20, 20:-20].astype(int)).mean() < 6


def test_faces_that_reach_outside_the_picture_are_cut_with_black(
    aligner: Aligner, soft_picture: NDArray[np.uint8]
) -> None:
    outside = face_at((-60, 10), (20, 12), (-20, 50), (-50, 90), (10, 90))
    far = face_at((-900, -900), (-800, -900), (-850, -850), (-890, -800), (-810, -800))
    chips = aligner.chips(soft_picture, [outside, far])
    assert (chips[0, :, :20] == 0).mean() > 0.9
    assert chips[0].any()
    assert not chips[1].any()


def test_landmarks_that_coincide_raise_nothing(aligner: Aligner, soft_picture: NDArray[np.uint8]) -> None:
    assert aligner.align(soft_picture, face_at(*[(100.0, 100.0)] * 5)).shape == (150, 150, 3)


def test_a_similarity_recovers_turn_scale_and_shift() -> None:
    points = np.random.default_rng(2).normal(size=(5, 2))
    truth = cv2.getRotationMatrix2D((3, 4), 40, 2.5)
    found = similarity(points, points @ truth[:, :2].T + truth[:, 2])
    np.testing.assert_allclose(found.matrix, truth, atol=1e-9)


def test_a_large_part_is_smoothed_before_it_is_shrunk() -> None:
    stripes = np.zeros((800, 800, 3), np.uint8)
    stripes[:, ::2] = 255
    small = warp(stripes, Similarity(0.125, 0), 90)
    assert np.abs(small.astype(int) - 127).max() <= 2
