"""Quality on synthetic pictures with landmarks given, and the rates on real photos that chose the limits."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from chalicelib.domain.quality import Reason
from chalicelib.domain.sightings import Box
from chalicelib.vision.decode import Picture, decode_picture
from chalicelib.vision.detector import open_detector
from chalicelib.vision.faces import Face
from chalicelib.vision.pack import load_pack
from chalicelib.vision.quality import MAX_BRIGHTNESS, MAX_CLIPPED, MAX_TURN, FaceQuality, measure, reasons
from infra.demo.identity import SKINS, draw_identity
from infra.demo.scenes import registration_photos

GOOD = FaceQuality(eyes_px=60, brightness=130, clipped=0, sharpness=0.2, turn=0.05)


def textured(side: int = 240, brightness: float = 130) -> Picture:
    """A picture with detail of every size, like skin and hair in focus."""
    noise = np.random.default_rng(1)
    layers = [
        cv2.resize(noise.normal(0, 1, (side // size, side // size)).astype(np.float32), (side, side)) * weight
        for size, weight in ((1, 4), (4, 10), (16, 25), (60, 25))
    ]
    grey = np.clip(brightness + sum(layers), 0, 255).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)


def face(side: int = 240, eyes: float = 60, nose_aside: float = 0) -> Face:
    middle = side / 2
    landmarks = np.array(
        [
            [middle - eyes / 2, middle - eyes / 2],
            [middle + eyes / 2, middle - eyes / 2],
            [middle + nose_aside, middle],
            [middle - eyes / 3, middle + eyes / 2],
            [middle + eyes / 3, middle + eyes / 2],
        ],
        np.float32,
    )
    return Face(Box(middle - eyes, middle - eyes, 2 * eyes, 2 * eyes), landmarks, 0.99)


def dimmed(picture: Picture, gain: float) -> Picture:
    return (picture * gain).astype(np.uint8)


def blurred(picture: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def test_a_clear_view_has_no_fault() -> None:
    quality = measure(textured(), face())
    assert reasons(quality) == ()
    assert 0.5 <= quality.score <= 1


@pytest.mark.parametrize(
    ("picture", "seen", "reason"),
    [
        (textured(), face(eyes=20), Reason.TOO_SMALL),
        (dimmed(textured(), 0.2), face(), Reason.TOO_DARK),
        (textured(brightness=240), face(), Reason.TOO_BRIGHT),
        (blurred(textured(), 6), face(), Reason.BLURRED),
        (textured(), face(nose_aside=30), Reason.TURNED_AWAY),
        (textured(), face(nose_aside=-30), Reason.TURNED_AWAY),
    ],
    ids=["small", "dark", "bright", "blurred", "left", "right"],
)
def test_each_fault_has_its_reason(picture: Picture, seen: Face, reason: Reason) -> None:
    quality = measure(picture, seen)
    assert reason in reasons(quality)
    assert quality.score < 0.5


def half_in_the_sun(picture: Picture, seen: Face, gain: float) -> Picture:
    """The light falls on one side of the face, and its edge on the nose."""
    across = np.arange(picture.shape[1])[None, :, None] - seen.landmarks[:, 0].mean()
    return np.clip(picture * (1 + (gain - 1) / (1 + np.exp(-across / 3))), 0, 255).astype(np.uint8)


def test_a_face_half_in_the_sun_is_too_bright_though_on_average_it_is_not() -> None:
    quality = measure(half_in_the_sun(textured(brightness=110), face(), 3), face())
    assert quality.brightness < MAX_BRIGHTNESS
    assert reasons(quality)[0] is Reason.TOO_BRIGHT


@pytest.mark.parametrize("roll", [-45, -20, 20, 45])
def test_a_head_that_leans_is_no_fault(roll: float) -> None:
    turn = cv2.getRotationMatrix2D((120, 120), roll, 1)
    leaning = np.asarray(cv2.warpAffine(textured(), turn, (240, 240)), np.uint8)
    upright = face()
    landmarks = (upright.landmarks @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    assert reasons(measure(leaning, replace(upright, landmarks=landmarks))) == ()


def test_dark_skin_in_ordinary_light_is_not_too_dark(pack_dir: Path) -> None:
    detector = open_detector(load_pack(pack_dir))
    drawn = [draw_identity(f"person {seed}", np.random.default_rng(seed)) for seed in range(8)]
    darkest = [replace(person, skin=len(SKINS) - 1) for person in drawn]
    photos = [decode_picture(registration_photos(person, seed=2, count=1)[0]) for person in darkest]
    told = [reasons(measure(photo, main)) for photo in photos for main in detector.detect(photo)[:1]]
    assert len(told) >= 5
    assert not any(Reason.TOO_DARK in found for found in told)


def test_a_dim_room_is_not_mistaken_for_blur() -> None:
    bright, dim = measure(textured(), face()), measure(dimmed(textured(), 0.4), face())
    assert dim.sharpness == pytest.approx(bright.sharpness, rel=0.2)


def test_blur_is_relative_to_the_face_s_size() -> None:
    """The same blur hides nothing of a face that is four times larger."""
    small = measure(blurred(textured(), 4), face())
    large = measure(cv2.resize(blurred(textured(), 1), (960, 960)), face(960, eyes=240))
    assert Reason.BLURRED in reasons(small)
    assert Reason.BLURRED not in reasons(large)


def test_a_plain_surface_is_blurred_not_a_division_by_zero() -> None:
    quality = measure(np.full((240, 240, 3), 128, np.uint8), face())
    assert quality.sharpness == 0
    assert quality.score == 0


def test_landmarks_on_one_point_or_outside_are_measured_too() -> None:
    point = Face(Box(0, 0, 1, 1), np.zeros((5, 2), np.float32), 0.5)
    outside = Face(Box(0, 0, 1, 1), np.full((5, 2), 1e4, np.float32), 0.5)
    for seen in (point, outside):
        assert Reason.TOO_SMALL in reasons(measure(textured(), seen))


def test_the_score_is_one_half_at_each_limit() -> None:
    assert replace(GOOD, turn=MAX_TURN).score == pytest.approx(0.5)
    assert replace(GOOD, clipped=MAX_CLIPPED).score == pytest.approx(0.5)
    assert GOOD.score > 0.8


def test_the_gravest_reason_comes_first() -> None:
    assert reasons(FaceQuality(10, 10, 0, 0.001, 1))[:2] == (Reason.TOO_SMALL, Reason.TOO_DARK)


@pytest.fixture(scope="module")
def photos() -> list[Picture]:
    """Ordinary photos of 200 people, one each."""
    folder = os.environ.get("ROLLCALL_FACES")
    if not folder:
        pytest.skip("ROLLCALL_FACES names no folder of photos")
    chosen = sorted(Path(folder, "lfw").glob("*/*_0001.jpg"))[::14][:200]
    return [decode_picture(path.read_bytes()) for path in chosen]


def test_ordinary_photos_pass_and_the_same_photos_blurred_or_dark_do_not(
    photos: list[Picture], pack_dir: Path
) -> None:
    detector = open_detector(load_pack(pack_dir))
    seen = [(photo, found[0]) for photo in photos if (found := detector.detect(photo))]
    assert len(seen) > 0.95 * len(photos)

    def share(reason: Reason | None, change: Callable[[Picture], Picture] = lambda photo: photo) -> float:
        told = [reasons(measure(change(photo), main)) for photo, main in seen]
        return sum(not found if reason is None else reason in found for found in told) / len(told)

    assert share(None) >= 0.96
    assert share(Reason.BLURRED, lambda photo: blurred(photo, 3)) >= 0.97
    assert share(Reason.TOO_DARK, lambda photo: dimmed(photo, 0.2)) >= 0.99
    assert share(Reason.BLURRED, lambda photo: dimmed(photo, 0.35)) <= 0.03
    in_the_sun = [reasons(measure(half_in_the_sun(photo, main, 4), main)) for photo, main in seen]
    assert sum(Reason.TOO_BRIGHT in found for found in in_the_sun) >= 0.9 * len(seen)
    assert share(Reason.TOO_BRIGHT) <= 0.01
