"""YuNet decoded by hand against OpenCV's own decoding of the same net. The people are drawn, not photographed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from chalicelib.vision.decode import Picture, decode_picture
from chalicelib.vision.detector import Detector, open_detector
from chalicelib.vision.faces import Face
from chalicelib.vision.pack import Pack, load_pack
from infra.demo.identities import shown
from infra.demo.scenes import classroom_frame

UNBOUNDED = 1e9


@pytest.fixture(scope="module")
def pack(yunet_pack_dir: Path) -> Pack:
    return load_pack(yunet_pack_dir)


@pytest.fixture(scope="module")
def detector(pack: Pack) -> Detector:
    return open_detector(pack)


@pytest.fixture(scope="module")
def class_picture() -> Picture:
    return decode_picture(classroom_frame(shown()[:6], 1).jpeg)


def at_scale_1(pack: Pack) -> Detector:
    return open_detector(
        replace(pack, detector=replace(pack.detector, smallest_face_px=1e8, largest_face_px=UNBOUNDED))
    )


def opencv_faces(pack: Pack, models: Path, picture: Picture) -> NDArray[np.float32]:
    """(n, 15): left, top, width, height, five points, score; the largest first."""
    size = (picture.shape[1], picture.shape[0])
    peer = cv2.FaceDetectorYN.create(
        str(models / "face_detection_yunet_2023mar.onnx"),
        "",
        size,
        pack.detector.threshold,
        pack.detector.overlap,
    )
    _, found = peer.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return np.array(sorted(found, key=lambda row: -row[2] * row[3]), np.float32)


@pytest.mark.parametrize("size", [(640, 480), (517, 389)])
def test_boxes_and_landmarks_are_opencvs(
    pack: Pack, models: Path, class_picture: Picture, size: tuple[int, int]
) -> None:
    picture = np.asarray(cv2.resize(class_picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    expected = opencv_faces(pack, models, picture)
    found = at_scale_1(pack).detect(picture)
    assert len(found) == len(expected) >= 6
    for face, row in zip(found, expected, strict=True):
        box = (face.box.left, face.box.top, face.box.width, face.box.height)
        assert np.abs(np.array(box) - row[:4]).max() < 1
        assert np.abs(face.landmarks.ravel() - row[4:14]).max() < 1
        assert face.score == pytest.approx(row[14], abs=0.01)


def test_a_scaled_picture_has_the_same_faces_in_its_own_pixels(
    detector: Detector, pack: Pack, class_picture: Picture
) -> None:
    exact = at_scale_1(pack).detect(class_picture)
    scaled = detector.detect(class_picture, min_face=40)
    assert len(scaled) == len(exact)
    assert np.abs(centres(scaled) - centres(exact)).max() < 0.1 * exact[0].box.width


def test_a_face_that_fills_the_picture_is_found_once(detector: Detector, class_picture: Picture) -> None:
    face = detector.detect(class_picture)[0]
    left, top = int(face.box.left), int(face.box.top)
    part = class_picture[
        max(0, top - 20) : top + int(face.box.height) + 20,
        max(0, left - 20) : left + int(face.box.width) + 20,
    ]
    close = np.asarray(cv2.resize(part, (1200, 1500), interpolation=cv2.INTER_CUBIC), np.uint8)
    (found,) = detector.detect(close)
    assert found.box.width > 600


def test_a_picture_of_any_shape_does_no_harm(detector: Detector) -> None:
    random = np.random.default_rng(0)
    for shape in [(1, 1), (11, 500), (500, 3), (33, 31), (1, 3000)]:
        assert detector.detect(random.integers(0, 256, (*shape, 3), dtype=np.uint8)) == []


@pytest.mark.parametrize("level", [0, 127, 255])
def test_blank_pictures_noise_and_clouds_have_no_face(
    detector: Detector, soft_picture: NDArray[np.uint8], level: int
) -> None:
    noise = np.random.default_rng(level).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    for picture in (np.full((480, 640, 3), level, np.uint8), noise, soft_picture):
        assert detector.detect(picture) == []


def test_a_picture_made_of_faces_costs_no_more_than_a_crowd(
    detector: Detector, class_picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.vision.yunet.MOST_FACES", 4)
    assert len(detector.detect(class_picture)) == 4
    monkeypatch.setattr("chalicelib.vision.yunet._MOST_CANDIDATES", 1)
    assert len(detector.detect(class_picture)) == 1


def test_a_huge_picture_is_seen_at_a_bounded_size(
    detector: Detector, class_picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.vision.yunet._MOST_PIXELS", 100 * 100)
    seen = len(detector.detect(class_picture))
    monkeypatch.undo()
    assert seen < len(detector.detect(class_picture))


def centres(faces: Sequence[Face]) -> NDArray[np.float32]:
    return np.array([face.landmarks.mean(axis=0) for face in faces])
