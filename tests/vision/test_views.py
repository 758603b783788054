"""Which samples are good views, and which views are kept: with faces and embeddings made up."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import UnreadableMedia, UnreadablePicture, UnsupportedMediaType
from chalicelib.domain.sightings import Box
from chalicelib.vision.decode import Picture
from chalicelib.vision.faces import Face
from chalicelib.vision.views import Samples, View, diverse, good_view, main_face, of_one_person


def face(width: float = 100, left: float = 70, top: float = 70) -> Face:
    landmarks = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]) * width + (left, top)
    return Face(Box(left, top, width, width), landmarks.astype(np.float32), 0.99)


def sharp() -> Picture:
    """Patches of eight pixels, with edges between them."""
    coarse = np.random.default_rng(1).integers(40, 220, (30, 30, 3), np.uint8)
    return coarse.repeat(8, axis=0).repeat(8, axis=1)


def jpeg(width: int = 64, height: int = 48) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def rows(*angles: float) -> np.ndarray:
    """(n, 2) unit vectors at these degrees."""
    turned = np.radians(angles)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


ALIKE = float(np.cos(np.radians(20)))


def test_no_face_and_several_faces_are_told_apart() -> None:
    assert main_face([]) == "no_face"
    assert main_face([face(100), face(60)]) == "several_faces"


def test_a_far_smaller_face_in_the_background_does_not_matter() -> None:
    near, far = face(100), face(30)
    assert main_face([far, near]) is near
    assert main_face([near, face(34)]) == "several_faces"


def test_a_clear_face_is_a_view() -> None:
    view = good_view(sharp(), [face()])
    assert isinstance(view, View)
    assert view.face.box.width == 100


def test_a_fault_is_told_instead() -> None:
    blurred = np.asarray(cv2.GaussianBlur(sharp(), (0, 0), 6), np.uint8)
    assert good_view(blurred, [face()]) == "blurred"
    assert good_view((sharp() * 0.1).astype(np.uint8), [face()]) == "too_dark"
    assert good_view(sharp(), [face(40)]) == "too_small"
    assert good_view(sharp(), []) == "no_face"


def test_a_bystander_s_view_is_the_odd_one_out() -> None:
    kept = of_one_person(rows(0, 5, 90, 10), ALIKE)
    assert sorted(kept) == [0, 1, 3]


def test_the_most_typical_view_comes_first() -> None:
    assert of_one_person(rows(-12, 12, 0), ALIKE)[0] == 2


def test_two_views_that_disagree_tell_nobody_s_face() -> None:
    assert len(of_one_person(rows(0, 90), ALIKE)) == 0
    assert len(of_one_person(rows(0, 1, 90, 91), ALIKE)) == 0


def test_one_view_is_one_person() -> None:
    assert list(of_one_person(rows(0), ALIKE)) == [0]
    assert len(of_one_person(np.empty((0, 2), np.float32), ALIKE)) == 0


@given(st.lists(st.floats(-180, 180), max_size=12), st.floats(0.5, 0.99))
def test_what_is_kept_of_one_person_is_a_majority_that_agrees(angles: list[float], least: float) -> None:
    embeddings = rows(*angles)
    kept = of_one_person(embeddings, least)
    assert len(kept) == 0 or 2 * len(kept) > len(embeddings)
    assert len(set(kept)) == len(kept)
    if len(kept):
        assert np.all(embeddings[kept] @ embeddings[kept[0]] >= least - 1e-5)


def test_the_views_kept_differ() -> None:
    assert list(diverse(rows(0, 1, 2, 30, 31, -30), limit=3)) == [0, 4, 5]


def test_the_same_view_twice_is_kept_once() -> None:
    assert list(diverse(rows(0, 0, 0))) == [0]
    assert len(diverse(np.empty((0, 2), np.float32))) == 0


def test_at_most_five_views_are_kept() -> None:
    assert len(diverse(rows(*range(0, 100, 10)))) == 5


def test_samples_are_scaled_down_to_what_detecting_needs() -> None:
    (large,), (small,) = Samples([jpeg(2600, 1300)]), Samples([jpeg()])
    assert large.shape == (640, 1280, 3)
    assert small.shape == (48, 64, 3)


def test_one_unreadable_photo_among_good_ones_is_counted() -> None:
    samples = Samples([jpeg(), jpeg()[:200], b"GIF89a", b"", jpeg()])
    assert len(list(samples)) == 2
    assert (samples.sampled, samples.unreadable) == (5, 3)


@pytest.mark.parametrize(
    ("uploads", "error"),
    [
        ([jpeg()[:200]], UnreadablePicture),
        ([jpeg()[:200], b"GIF89a"], UnsupportedMediaType),
        ([b""], UnreadableMedia),
        ([], UnreadableMedia),
    ],
)
def test_nothing_readable_raises(uploads: list[bytes], error: type[Exception]) -> None:
    with pytest.raises(error):
        list(Samples(uploads))
