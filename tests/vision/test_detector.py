"""None, one or many faces; nothing found where there is none."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from chalicelib.vision.boxes import square, suppress
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.detector import Detector, open_detector
from chalicelib.vision.faces import Face
from chalicelib.vision.pack import Pack
from infra.demo.identities import shown
from infra.demo.scenes import classroom_frame

Photos = Mapping[str, list[NDArray[np.uint8]]]


@pytest.fixture(scope="module")
def detector(pack: Pack) -> Detector:
    return open_detector(pack)


@pytest.mark.parametrize("level", [0, 127, 255])
def test_a_blank_picture_has_no_face(detector: Detector, level: int) -> None:
    assert detector.detect(np.full((240, 320, 3), level, np.uint8)) == []


def test_noise_and_clouds_have_no_face(detector: Detector, soft_picture: NDArray[np.uint8]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert detector.detect(noise, min_face=20) == []
    assert detector.detect(soft_picture) == []


@pytest.mark.parametrize("shape", [(1, 1), (11, 11), (11, 500), (500, 3), (12, 12), (41, 41)])
def test_a_tiny_picture_has_no_face_and_does_no_harm(detector: Detector, shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert detector.detect(random) == []
    assert detector.detect(random, min_face=12) == []


def test_a_portrait_has_its_face_in_the_middle(detector: Detector, face_photos: Photos) -> None:
    photos = [photo for photos in face_photos.values() for photo in photos]
    found = [detector.detect(photo) for photo in photos]
    assert sum(any(holds(face, 125, 125) for face in faces) for faces in found) >= 0.95 * len(photos)


def test_landmarks_lie_where_a_face_has_them(detector: Detector, face_photos: Photos) -> None:
    for photo in (photos[0] for photos in face_photos.values()):
        face = detector.detect(photo)[0]
        left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
        assert face.landmarks.dtype == np.float32
        assert left_eye[0] < right_eye[0]
        assert left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
        assert 0.8 < face.score <= 1


def test_many_faces_are_found_the_largest_first(detector: Detector, face_photos: Photos) -> None:
    people = [photos[0] for photos in face_photos.values()][:6]
    wall = np.concatenate([np.concatenate(people[:3], axis=1), np.concatenate(people[3:6], axis=1)], axis=0)
    faces = detector.detect(wall)
    cells = {(int(centre(face)[0] // 250), int(centre(face)[1] // 250)) for face in faces}
    assert len(cells) == 6
    areas = [face.box.width * face.box.height for face in faces]
    assert areas == sorted(areas, reverse=True)


def test_a_face_at_the_edge_keeps_its_box_inside_the_picture(detector: Detector, face_photos: Photos) -> None:
    photo = next(iter(face_photos.values()))[0]
    face = detector.detect(photo)[0]
    cut = photo[:, int(face.box.left + 0.2 * face.box.width) :]
    for each in detector.detect(np.ascontiguousarray(cut)):
        assert each.box.left >= 0
        assert each.box.top >= 0
        assert each.box.left + each.box.width <= cut.shape[1]
        assert each.box.top + each.box.height <= cut.shape[0]


def test_min_face_leaves_small_faces_out(detector: Detector, face_photos: Photos) -> None:
    photo = next(iter(face_photos.values()))[0]
    assert detector.detect(photo, min_face=40)
    assert detector.detect(photo, min_face=240) == []


def test_the_best_of_overlapping_boxes_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30], [22, 22, 26, 26]], np.float32)
    scores = np.array([0.7, 0.9, 0.8, 0.6], np.float32)
    assert suppress(boxes, scores, 0.5).tolist() == [1, 2, 3]
    assert suppress(boxes, scores, 0.5, of_smaller=True).tolist() == [1, 2]
    assert suppress(boxes[:0], scores[:0], 0.5).tolist() == []


def test_a_suppressed_box_suppresses_nothing() -> None:
    boxes = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]], np.float32)
    assert suppress(boxes, np.array([0.9, 0.8, 0.7], np.float32), 0.3).tolist() == [0, 2]


def test_a_box_becomes_a_square_around_its_centre() -> None:
    assert square(np.array([[0, 10, 10, 30]], np.float32)).tolist() == [[-5, 10, 15, 30]]


def holds(face: Face, x: float, y: float) -> bool:
    box = face.box
    return box.left < x < box.left + box.width and box.top < y < box.top + box.height


def centre(face: Face) -> tuple[float, float]:
    return face.box.left + face.box.width / 2, face.box.top + face.box.height / 2


def test_a_picture_made_of_faces_costs_no_more_than_a_crowd(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best candidates are kept after each net; here the limits are small enough to be met."""
    jpeg = classroom_frame(shown()[:6], 1).jpeg
    picture = decode_picture(jpeg)
    everybody = open_detector(pack).detect(picture)
    assert len(everybody) == 6
    monkeypatch.setattr("chalicelib.vision.mtcnn.MOST_FACES", 4)
    best = sorted((face.score for face in everybody), reverse=True)[:4]
    assert sorted(
        (face.score for face in open_detector(pack).detect(picture)), reverse=True
    ) == pytest.approx(best)
    monkeypatch.setattr("chalicelib.vision.mtcnn._MOST_PROPOSED", 1)
    assert len(open_detector(pack).detect(picture)) <= 1
