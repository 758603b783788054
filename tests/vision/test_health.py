"""Camera health on drawn pictures, and the rates on real ones that chose the limits."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from chalicelib.domain.quality import Condition
from chalicelib.vision.decode import Picture, decode_picture
from chalicelib.vision.health import judge_camera
from chalicelib.vision.video import sample_video
from infra.demo.identity import draw_identity
from infra.demo.scenes import classroom_frame, registration_photos

BLURRED, DARK, BRIGHT, BLOCKED = Condition.BLURRED, Condition.DARK, Condition.BRIGHT, Condition.BLOCKED


def noisy(picture: np.ndarray, deviation: float = 2) -> Picture:
    """What a sensor adds after the lens."""
    noise = np.random.default_rng(1).normal(0, deviation, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def blurred(picture: Picture, part_of_width: float = 0.02) -> Picture:
    return noisy(cv2.GaussianBlur(picture, (0, 0), part_of_width * picture.shape[1]))


def lit(picture: Picture, gain: float) -> Picture:
    return noisy(picture * np.float32(gain))


def covered(luma: float, shape: Sequence[int] = (480, 640, 3)) -> Picture:
    return noisy(np.full(shape, luma, np.float32))


def under_a_hand(seed: int, shape: Sequence[int] = (480, 640, 3)) -> Picture:
    """Skin against the lens: darkest somewhere, lighter all around."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : 1 : shape[0] * 1j, 0 : 1 : shape[1] * 1j]
    away = np.hypot(x - rng.uniform(0.2, 0.8), y - rng.uniform(0.2, 0.8)) / rng.uniform(0.8, 1.3)
    luma = rng.uniform(15, 70) + rng.uniform(30, 80) * np.clip(away, 0, 1) ** 3
    return noisy(luma[..., None] * [1.2, 0.95, 0.8])


def empty_classroom() -> Picture:
    """Walls, a board, a window and rows of desks; nobody in it."""
    room = np.full((720, 1280, 3), (205, 200, 188), np.uint8)
    room[:] = (room * np.linspace(0.75, 1, 1280)[None, :, None]).astype(np.uint8)
    cv2.rectangle(room, (300, 120), (820, 330), (60, 80, 70), cv2.FILLED)
    cv2.rectangle(room, (1020, 60), (1240, 300), (245, 248, 250), cv2.FILLED)
    for row in range(3):
        for column in range(5):
            left, top = 60 + 250 * column, 420 + 100 * row
            cv2.rectangle(room, (left, top), (left + 170, top + 40), (150, 110, 75), cv2.FILLED)
    return noisy(cv2.GaussianBlur(room, (0, 0), 0.7), 3)


@pytest.fixture(scope="module")
def frames() -> list[Picture]:
    """Frames of the drawn class, one to eight people in each, and their registration photos."""
    people = [draw_identity(f"person {seed}", np.random.default_rng(seed)) for seed in range(8)]
    classes = [classroom_frame(people[:count], seed=count).jpeg for count in range(1, 9)]
    photos = [registration_photos(person, seed=1, count=1)[0] for person in people]
    return [decode_picture(data) for data in (*classes, *photos)]


def test_an_empty_classroom_in_light_and_focus_is_healthy() -> None:
    health = judge_camera(empty_classroom())
    assert health.conditions == ()
    assert 100 < health.brightness < 220


@pytest.mark.parametrize(
    ("change", "condition"),
    [(lambda room: lit(room, 0.1), DARK), (blurred, BLURRED), (lambda room: lit(room, 2.5), BRIGHT)],
    ids=["dimmed", "blurred", "washed out"],
)
def test_each_condition_is_told_of_an_empty_room(
    change: Callable[[Picture], Picture], condition: Condition
) -> None:
    assert judge_camera(change(empty_classroom())).conditions == (condition,)


@pytest.mark.parametrize("luma", [10, 60, 120, 200])
def test_a_lens_cap_blocks_whatever_the_brightness(luma: float) -> None:
    assert BLOCKED in judge_camera(covered(luma)).conditions


def test_a_black_picture_is_both_blocked_and_dark() -> None:
    assert judge_camera(covered(2)).conditions == (BLOCKED, DARK)


@pytest.mark.parametrize("seed", range(12))
def test_a_hand_on_the_lens_blocks_and_is_not_called_blur(seed: int) -> None:
    conditions = judge_camera(under_a_hand(seed)).conditions
    assert BLOCKED in conditions
    assert BLURRED not in conditions


def test_the_drawn_class_is_healthy(frames: list[Picture]) -> None:
    assert [judge_camera(frame).conditions for frame in frames] == [()] * len(frames)


def test_the_drawn_class_dimmed_or_blurred_is_not(frames: list[Picture]) -> None:
    for frame in frames:
        assert judge_camera(lit(frame, 0.1)).conditions == (DARK,)
        assert judge_camera(blurred(frame)).conditions == (BLURRED,)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 3000, 3), (3000, 1, 3), (17, 23, 3)])
def test_a_picture_of_any_shape_is_judged(shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(2).integers(0, 256, shape, np.uint8)
    health = judge_camera(picture)
    assert np.isfinite([health.brightness, health.contrast, health.sharpness]).all()


def test_the_figures_do_not_depend_on_the_picture_s_size() -> None:
    large = empty_classroom()
    small = cv2.resize(large, (640, 360), interpolation=cv2.INTER_AREA)
    one, other = judge_camera(large), judge_camera(np.asarray(small, np.uint8))
    assert one.brightness == pytest.approx(other.brightness, abs=1)
    assert one.contrast == pytest.approx(other.contrast, rel=0.05)
    assert one.sharpness == pytest.approx(other.sharpness, rel=0.15)


@pytest.fixture(scope="module")
def photos() -> list[Picture]:
    """Ordinary photos of 210 people, and frames of people walking past."""
    folder = os.environ.get("ROLLCALL_FACES")
    if not folder:
        pytest.skip("ROLLCALL_FACES names no folder of photos and clips")
    grey = sorted(Path(folder, "lfw").glob("*/*_0001.jpg"))[::14][:200]
    colour = sorted(Path(folder, "colour").glob("*/*.jpg"))[::10]
    pictures = [decode_picture(path.read_bytes()) for path in (*grey, *colour)]
    return pictures + list(sample_video(Path(folder, "videos", "group-walking.mp4").read_bytes()))


def test_real_photos_are_healthy_and_the_same_photos_dark_or_blurred_are_not(photos: list[Picture]) -> None:
    def told(change: Callable[[Picture], Picture]) -> Counter[Condition | None]:
        found = [judge_camera(change(photo)).conditions or (None,) for photo in photos]
        return Counter(condition for conditions in found for condition in conditions)

    many = len(photos)
    assert told(lambda photo: photo)[None] >= 0.99 * many
    dark = told(lambda photo: lit(photo, 0.1))
    assert dark[DARK] == many
    assert dark[BLOCKED] == 0
    soft = told(blurred)
    assert soft[BLURRED] >= 0.99 * many
    assert soft[BLOCKED] == 0
