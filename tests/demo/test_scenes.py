from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from chalicelib.domain.media import MediaType, sniff
from chalicelib.domain.sightings import Box
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.recogniser import Recogniser
from chalicelib.vision.video import sample_video
from infra.demo.identities import calibration, shown
from infra.demo.rehearsal import FRAMES, draw_cast, rehearse, seating
from infra.demo.scenes import (
    FACE_WIDTHS,
    classroom_frame,
    compose_photos,
    registration_photos,
    registration_video,
)
from infra.demo.thresholds import choose_thresholds, demo_thresholds, measure_scores


def _overlap(one: Box, other: Box) -> bool:
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    return across > 0 and down > 0


def test_a_registration_is_a_clip_of_three_seconds():
    clip = registration_video(shown()[0], seed=1)
    samples = list(sample_video(clip))
    assert sniff(clip) is MediaType.MP4
    assert len(samples) == 6
    assert samples[0].shape == (480, 640, 3)


def test_a_registration_differs_from_the_next_of_the_same_person_only_by_its_seed():
    assert registration_video(shown()[0], seed=1) == registration_video(shown()[0], seed=1)
    assert registration_photos(shown()[0], 1, 1) != registration_photos(shown()[0], 2, 1)


@pytest.mark.parametrize("count", [1, 3, 6, 8, 12])
def test_faces_in_a_frame_are_whole_and_apart(count: int):
    for seed in range(3):
        boxes = [placed.box for placed in classroom_frame(shown()[:count], seed).placed]
        assert not any(_overlap(one, other) for one, other in combinations(boxes, 2))
        assert all(box.left >= 0 and box.left + box.width <= 1280 for box in boxes)
        assert all(box.top >= 0 and box.top + box.height <= 720 for box in boxes)
        assert all(FACE_WIDTHS[0] <= box.width <= FACE_WIDTHS[1] for box in boxes)


def test_a_frame_is_the_same_for_the_same_seed():
    assert classroom_frame(shown()[:2], 3) == classroom_frame(shown()[:2], 3)
    assert classroom_frame(shown()[:2], 3) != classroom_frame(shown()[:2], 4)


def test_an_empty_classroom_has_no_faces():
    assert classroom_frame([], 1).placed == ()


def test_photographs_are_set_into_one_frame():
    photos = [np.full((250, 250, 3), 40 * number, np.uint8) for number in range(5)]
    frame = compose_photos(photos, seed=2)
    picture = decode_picture(frame.jpeg)
    assert picture.shape == (720, 1280, 3)
    for placed in frame.placed:
        middle = picture[
            int(placed.box.top + placed.box.height / 2), int(placed.box.left + placed.box.width / 2)
        ]
        assert middle.mean() == pytest.approx(40 * placed.index, abs=25)


@pytest.mark.parametrize("seed", range(5))
def test_everybody_is_seen_at_least_four_times_and_never_twice_in_a_frame(seed: int):
    plan = seating(14, FRAMES, 6, seed)
    assert all(len(set(here)) == 6 for here in plan)
    times = Counter(index for here in plan for index in here)
    assert len(times) == 14
    assert min(times.values()) >= 4


def test_the_seed_draws_who_is_a_stranger():
    casts = [draw_cast(shown(), seed) for seed in range(12)]
    assert all(len(cast.students) == 12 and len(cast.strangers) == 2 for cast in casts)
    assert len({stranger for cast in casts for stranger in cast.strangers}) > 6


def test_a_small_class_is_recognised_and_its_strangers_are_not(recogniser: Recogniser):
    class_ = rehearse(recogniser, draw_cast(shown()[:7], seed=1), seed=1, frames=5, per_frame=5)
    assert min(class_.views_kept.values()) >= 3
    assert class_.found >= 0.95 * len(class_.seen)
    assert class_.extra == 0
    assert class_.wrong == 0
    assert class_.strangers_accepted == 0
    assert len(class_.present) == len(class_.cast.students)


def test_the_committed_thresholds_hold_on_a_class_they_were_not_measured_on(pack_directory):
    scores = measure_scores(pack_directory, calibration()[:5], seeds=[99], counts=[1], frames=4)
    committed, anew = (
        thresholds.operating(5, normalised=False)
        for thresholds in (demo_thresholds(), choose_thresholds(scores))
    )
    assert (scores[1].impostor < committed.accept(1)).all()
    assert (scores[1].genuine >= committed.accept(1)).mean() > 0.9
    assert (scores[1].genuine_margin >= committed.margin).mean() > 0.9
    # Fewer people have less chance of a look-alike: a sample may ask for less, not for more.
    assert anew.accept(1) <= committed.accept(1) + 0.005
