"""The converted nets against dlib itself, which made them. dlib rounds landmarks to whole pixels; Rollcall does not."""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from chalicelib.vision.alignment import Aligner, chip_template, cut_chip
from chalicelib.vision.detector import open_detector
from chalicelib.vision.embedder import Embedder
from chalicelib.vision.landmarks import ShapePredictor
from chalicelib.vision.pack import Pack, open_session
from layers.packs import pypi
from layers.packs.sources import SourceFile

Models = Mapping[SourceFile, Path]
ROUNDED = 0.501  # pixels: what dlib's rounding alone explains


@pytest.fixture(scope="module")
def plain(float_pack: Pack) -> Embedder:
    return Embedder(float_pack)


@pytest.fixture(scope="module")
def chips() -> NDArray[np.uint8]:
    """(6, 150, 150, 3): noise, blank, and soft clouds."""
    random = np.random.default_rng(3)
    noise = random.integers(0, 256, (2, 150, 150, 3), dtype=np.uint8)
    coarse = random.integers(0, 256, (3, 10, 10, 3), dtype=np.uint8)
    soft = [cv2.resize(each, (150, 150), interpolation=cv2.INTER_CUBIC) for each in coarse]
    return np.concatenate([noise, np.zeros((1, 150, 150, 3), np.uint8), soft])


def test_the_embedder_gives_dlibs_descriptors(
    dlib: ModuleType, dlib_models: Models, float_pack: Pack, plain: Embedder, chips: NDArray[np.uint8]
) -> None:
    reference = dlib.face_recognition_model_v1(str(dlib_models[pypi.RESNET]))
    expected = np.array([reference.compute_face_descriptor(chip) for chip in chips])
    pixels = chips.transpose(0, 3, 1, 2).astype(np.float32)
    (raw,) = open_session(float_pack, float_pack.embedder.file).run(["embedding"], {"input": pixels})
    assert np.abs(raw - expected).max() <= 1e-4
    normed = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.abs(plain.embed(chips) - normed).max() <= 1e-4


def test_the_shape_predictor_gives_dlibs_landmarks(
    dlib: ModuleType, dlib_models: Models, pack: Pack, soft_picture: NDArray[np.uint8]
) -> None:
    reference = dlib.shape_predictor(str(dlib_models[pypi.SHAPE_PREDICTOR]))
    predictor = ShapePredictor(pack, pack.landmarks)
    edges = [
        (200, 100, 299, 199),
        (10, 10, 70, 70),
        (-20, -30, 60, 50),
        (580, 420, 660, 500),
        (100, 90, 420, 410),
    ]
    for rectangle in edges:  # the third and the fourth reach outside the picture
        expected = landmarks_of(reference(soft_picture, dlib.rectangle(*rectangle)))
        found = predictor.predict(soft_picture[None], rectangle)[0]
        assert np.abs(found - expected).max() <= ROUNDED


def test_chips_are_dlibs_at_every_scale(
    dlib: ModuleType, pack: Pack, plain: Embedder, soft_picture: NDArray[np.uint8]
) -> None:
    picture = np.asarray(cv2.resize(soft_picture, None, fx=3, fy=3), np.uint8)
    for scale, degrees in [(0.4, 0), (0.9, 20), (1.7, -35), (2.6, 10), (5.0, 180)]:
        template = chip_template(pack.alignment, pack.embedder.size)
        points = np.round((template - 75) @ turn(scale, degrees) + [960, 720])
        parts = [dlib.point(int(x), int(y)) for x, y in points]
        detection = dlib.full_object_detection(dlib.rectangle(0, 0, 9, 9), parts)
        expected = dlib.get_face_chip(picture, detection, 150, pack.alignment.padding)
        chip = cut_chip(picture, points, template, pack.embedder.size, pack.alignment.fit)
        assert np.abs(chip.astype(int) - expected).mean() < 1.5
        ours, theirs = plain.embed(np.stack([chip, expected]))
        assert ours @ theirs > 0.9995


def test_photographs_give_dlibs_landmarks_and_embeddings(
    dlib: ModuleType,
    dlib_models: Models,
    pack: Pack,
    plain: Embedder,
    face_photos: Mapping[str, list[NDArray[np.uint8]]],
) -> None:
    shape, resnet = (dlib_models[each] for each in (pypi.SHAPE_PREDICTOR, pypi.RESNET))
    predictor, network = dlib.shape_predictor(str(shape)), dlib.face_recognition_model_v1(str(resnet))
    detector, aligner = open_detector(pack), Aligner(pack)
    cosines, distances = [], []
    for photo in (photos[0] for photos in face_photos.values()):
        face = detector.detect(photo)[0]
        box = face.box
        around = dlib.rectangle(
            int(box.left), int(box.top), int(box.left + box.width), int(box.top + box.height)
        )
        theirs = predictor(photo, around)
        edges = (around.left(), around.top(), around.right(), around.bottom())
        ours = ShapePredictor(pack, pack.landmarks).predict(photo[None], edges)[0]
        distances.append(np.abs(ours - landmarks_of(theirs)))
        parts = [dlib.point(int(x), int(y)) for x, y in np.round(aligner.landmarks(photo, [face])[0])]
        descriptor = np.array(
            network.compute_face_descriptor(photo, dlib.full_object_detection(around, parts))
        )
        cosines.append(plain.embed(aligner.chips(photo, [face]))[0] @ descriptor / np.linalg.norm(descriptor))
    assert np.max(distances) <= ROUNDED
    assert np.median(cosines) > 0.999  # what is left is dlib's rounding of the landmarks


def landmarks_of(detection: Any) -> NDArray[np.float64]:
    return np.array([[part.x, part.y] for part in detection.parts()], np.float64)


def turn(scale: float, degrees: float) -> NDArray[np.float64]:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return scale * np.array([[cosine, sine], [-sine, cosine]])
