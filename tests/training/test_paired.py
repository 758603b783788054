"""Champion and challenger on the same comparisons: what the difference is, and how sure it is."""

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from chalicelib.domain.drift import expected_of
from chalicelib.vision.learned import Learned
from chalicelib.vision.pack import Pack
from tests.training.made_up import thresholds
from tests.training.made_up_school import school
from training.challenge import as_json, challenge, expected, rosters
from training.identification import Judged
from training.paired import Difference, fnir_difference
from training.school import school_of
from training.trials import Draw, Faces


def judged(missed: list[list[bool]]) -> Judged:
    """Of each draw: whether each subject, shown once, is missed."""
    draws, excess = [], []
    for draw in missed:
        wrong = np.array(draw)
        number = len(wrong)
        faces = Faces(
            subject=np.arange(number),
            right=np.ones(number, bool),
            top=np.where(wrong, -1.0, 1.0),
            margin=np.ones(number),
            count=np.ones(number, np.intp),
            hopeless=np.zeros(number, bool),
        )
        draws.append(Draw((), None, faces, faces))  # type: ignore[arg-type]
        excess.append(faces.top)
    return Judged(draws, excess, excess, (len(missed[0]), 1))


def difference(before: list[bool], after: list[bool]) -> Difference:
    return fnir_difference(judged([before] * 4), judged([after] * 4), repeats=400)


def test_what_makes_a_person_hard_for_both_cancels_out() -> None:
    """Half of all people are missed by both, a tenth by the champion alone: unpaired, that would be in doubt."""
    both, one = [True] * 100 + [False] * 100, [True] * 20 + [False] * 180
    found = difference([a or b for a, b in zip(both, reversed(one), strict=True)], both)
    assert found.value == pytest.approx(-0.1)
    assert -0.16 < found.lower < -0.1 < found.upper < -0.05


def test_two_models_that_answer_alike_differ_by_nothing_for_certain_of_neither_sign() -> None:
    found = difference([False] * 100, [False] * 100)
    assert found.value == 0
    assert found.lower == -found.upper
    assert found.upper == pytest.approx(1 - 0.025 ** (1 / 100))


def test_one_person_who_fares_better_is_no_proof() -> None:
    """Drawing again from people of whom nobody fares worse would say that nobody ever does."""
    found = difference([True] + [False] * 199, [False] * 200)
    assert found.value == pytest.approx(-1 / 200)
    assert found.upper > 0


def test_a_worse_model_is_told_apart_as_well() -> None:
    found = difference([False] * 200, [True] * 40 + [False] * 160)
    assert found.value == pytest.approx(0.2)
    assert 0.1 < found.lower < found.value < found.upper


def test_the_same_comparisons_give_the_same_interval() -> None:
    before, after = [True, False] * 50, [True, True, False, False] * 25
    assert difference(before, after) == difference(before, after)


def test_models_that_were_shown_different_faces_are_not_compared() -> None:
    one, other = judged([[True] * 3]), judged([[True] * 3])
    fewer = replace(other.draws[0].mated, subject=np.array([0, 0, 1]))
    other = replace(other, draws=[replace(other.draws[0], mated=fewer)])
    with pytest.raises(ValueError, match="same faces"):
        fnir_difference(one, other)


def test_everybody_is_on_a_roster_once_a_round() -> None:
    drawn = [each.tolist() for each in rosters(100, 20)]
    assert len(drawn) == 10
    for start in (0, 5):
        assert sorted(chain.from_iterable(drawn[start : start + 5])) == list(range(100))
    assert drawn[:5] != drawn[5:]
    assert [len(each) for each in rosters(7, 3)] == [3] * 10
    assert drawn == [each.tolist() for each in rosters(100, 20)]


def test_a_test_counts_who_was_looked_for_and_who_was_a_stranger(pack: Pack) -> None:
    test = school_of(school(pack.model_id, 40, 60, registrations=2, noise=0.8, nuisance=0.3))
    lax = Learned(f"{pack.model_id}~lax", pack.model_id, thresholds(accept=0.3, margin=0.0))
    strict = Learned(f"{pack.model_id}~strict", pack.model_id, thresholds(accept=0.9, margin=0.0))
    found = challenge(test, (), pack, strict, lax, roster=10)
    assert found is not None
    report = as_json(found)
    assert (report["identities"], report["strangers"]) == (40, 100)
    assert report["expected_false_positives"] == pytest.approx(0.01 * 100)
    assert report["champion"]["fpir"] < report["challenger"]["fpir"]
    assert report["champion"]["fnir"] > report["challenger"]["fnir"]
    told = report["fnir_difference"]
    assert told["value"] == pytest.approx(report["challenger"]["fnir"] - report["champion"]["fnir"], abs=1e-5)
    assert told["lower"] <= told["value"] <= told["upper"] < 0
    forecast = expected(found)
    assert len(forecast["edges"]) == len(forecast["shares"]) + 1
    assert forecast["edges"] == sorted(set(forecast["edges"]))
    assert sum(forecast["shares"]) == pytest.approx(1, abs=1e-4)
    assert 0 <= forecast["review_rate"] <= 1
    assert forecast["failure_to_acquire"] is None
    assert expected_of({"expected": forecast}) is not None, "what is seen in service is compared with it"


def test_three_people_are_none_to_test_with(pack: Pack) -> None:
    test = school_of(school(pack.model_id, 3, 10))
    assert challenge(test, (), pack, Learned.of(pack), Learned.of(pack)) is None
