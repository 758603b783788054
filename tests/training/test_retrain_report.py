"""The study of what retraining would be worth: who is in it, and that each row says what stands behind it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chalicelib.vision.pack import Pack
from tests.training.made_up import axis, crowd, person, seen, thresholds, together
from training import learning, retrain_report
from training.photos import WrongSets
from training.retrain_report import CALIBRATION_ONLY, SHIPPED, Halves, ablation, school_alone, table
from training.thresholds import RIVALS


@pytest.fixture(scope="module")
def halves(pack: Pack) -> Halves:
    known, fresh = crowd("known", 110, 3, 1), crowd("fresh", 30, 3, 2)
    strangers, cohort = crowd("strange", 60, 1, 3), crowd("other", RIVALS.cohort, 2, 4)
    everybody = together(known, fresh, strangers, cohort)
    return Halves(
        replace(pack, thresholds=thresholds(rivals=RIVALS)),
        everybody.features,
        known.people,
        (*fresh.people, *strangers.people),
        cohort.people,
    )


@pytest.mark.slow
def test_each_row_says_what_it_learned_from_whom_and_what_the_gate_says(
    halves: Halves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "DRAWS", 2)
    monkeypatch.setattr(retrain_report, "FITS", {"wccn": learning.FITS["wccn"]})
    rows = list(ablation(halves, 100))
    assert [(row["learned"], row["photos"]) for row in rows] == [
        (name, count) for name in (SHIPPED, CALIBRATION_ONLY, "wccn") for count in (1, 3)
    ]
    assert [row["in_service"] for row in rows] == [True] * 4 + [False] * 2
    assert {(row["identities"], row["strangers"]) for row in rows} == {(30, 90)}
    assert rows[0]["fnir_difference"]["value"] == 0
    assert {row["decision"] for row in rows} == {"not_enough_evidence"}
    alone = school_alone(halves, halves.fresh, "a school")
    assert alone["people"] == 90
    lines = list(table({"ablation": rows, "schools": [alone]}))
    assert lines[2].startswith("| 100 | 1 | as shipped |")
    assert lines[6].startswith("| 100 | 1 | wccn (too few) |")
    assert lines[-1].startswith("| a school | 90 | ")
    assert " | none | " in lines[-1]


def test_more_people_than_there_are_cannot_be_learned_from(halves: Halves) -> None:
    with pytest.raises(WrongSets, match=r"110 people .* fewer than 300"):
        next(ablation(halves, 300))


def test_people_are_looked_for_in_plain_photos_and_a_photo_without_a_face_is_a_miss() -> None:
    mirrored = replace(seen(axis(0)), enrolling=seen(axis(1)).enrolling)
    one = person("one", mirrored, mirrored, None)
    alone = person("alone", mirrored)
    school = retrain_report._looked_at((*one.people, *alone.people), together(one, alone).features)
    (several,), (_, stranger) = school.people, school.strangers
    shown = [school.features[photo] for photo in several.photos]
    assert [each is None for each in shown] == [False, False, True, True]
    assert shown[0] is not None
    assert np.array_equal(shown[0].enrolling, mirrored.enrolling)
    assert stranger.photos[0] == Path("alone/0.jpg")
    assert school.features[stranger.photos[0]] is mirrored
