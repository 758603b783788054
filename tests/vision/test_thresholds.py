"""What a pack declares of its scores: read as it was written, refused where it promises nonsense."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.vision.thresholds import (
    FEWEST_PEOPLE,
    Confidence,
    Curve,
    Levels,
    Promise,
    Rivals,
    Thresholds,
    thresholds_of,
)
from layers.packs.thresholds import read_thresholds

Edit = Callable[[dict[str, Any]], object]

CONFIDENCE = Confidence(intercept=1.0, slope=50.0, stranger_share=0.1)
PLAIN = Levels(
    accept={1: Curve(0.90, 0.92), 3: Curve(0.91, 0.93)},
    review={1: Curve(0.86, 0.87)},
    claim={1: 0.93, 2: 0.94},
    margin=0.02,
    confidence=CONFIDENCE,
)
NORMALISED = Levels(
    accept={1: Curve(0.30, 0.36)},
    review={1: Curve(0.20, 0.26)},
    claim={1: 0.4},
    margin=0.05,
    confidence=Confidence(0.5, 20.0, 0.2),
)
BOTH = Thresholds(
    Promise(0.01, 0.05, 0.0001), PLAIN, NORMALISED, Rivals(10, 0.4, 0.6, 100), provisional=False
)
DUPLICATE = {(1, 1): Curve(0.4, 0.5), (1, 2): Curve(0.45, 0.55), (2, 2): Curve(0.5, 0.6)}
WITH_DUPLICATE = replace(BOTH, duplicate=DUPLICATE, promise=replace(BOTH.promise, duplicate_fpir=0.005))
PLAIN_ONLY = replace(BOTH, normalised=None, rivals=None)

shares = st.floats(0.001, 0.999)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    """That rise, as the likelihood of a look-alike does."""
    at_30 = draw(st.floats(0, 0.4))
    return Curve(at_30, at_30 + draw(st.floats(0, 0.2)))


@st.composite
def levels(draw: st.DrawFn) -> Levels:
    accept = draw(st.dictionaries(st.integers(1, 6), curves(), max_size=3)) | {1: draw(curves())}
    asked = draw(st.sampled_from([0.0, 0.1, 0.4]))
    return Levels(
        accept=accept,
        review={n: Curve(curve.at_30 - asked, curve.at_120 - asked) for n, curve in accept.items()},
        claim={1: draw(st.floats(-1, 1))},
        margin=draw(st.floats(0, 0.9)),
        lookalike_margin=draw(st.none() | st.floats(0, 0.9)),
        confidence=Confidence(draw(st.floats(-9, 9)), draw(st.floats(0.1, 500)), draw(shares)),
    )


@st.composite
def thresholds(draw: st.DrawFn) -> Thresholds:
    normalises, nearest = draw(st.booleans()), draw(st.integers(1, 50))
    weights = st.floats(0, 2)
    rivals = Rivals(nearest, draw(weights), draw(weights), nearest + draw(st.integers(0, 50)))
    return Thresholds(
        promise=Promise(0.01, 0.05, 0.0001),
        plain=draw(levels()),
        normalised=draw(levels()) if normalises else None,
        rivals=rivals if normalises else None,
        provisional=draw(st.booleans()),
        duplicate=draw(st.sampled_from([None, DUPLICATE])),
    )


# By roster size.


@pytest.mark.parametrize(
    ("people", "expected"),
    [(30, 0.90), (60, 0.91), (120, 0.92), (240, 0.93), (480, 0.94)],
)
def test_each_doubling_of_the_roster_adds_the_same_between_and_beyond_what_was_measured(
    people: int, expected: float
) -> None:
    assert Curve(at_30=0.90, at_120=0.92).at(people) == pytest.approx(expected)


@pytest.mark.parametrize("people", [0, 1, 9, 29])
def test_a_handful_is_held_to_the_thresholds_of_a_class(people: int) -> None:
    curve = Curve(at_30=0.90, at_120=0.92)
    assert curve.at(people) == curve.at(FEWEST_PEOPLE) == pytest.approx(0.90)


@given(curve=curves(), people=st.integers(0, 5000), more=st.integers(0, 5000))
def test_more_people_never_lower_a_threshold(curve: Curve, people: int, more: int) -> None:
    assert curve.at(people + more) >= curve.at(people)


def test_a_gallery_is_judged_by_its_own_size_and_a_claim_by_none() -> None:
    small, large = (BOTH.operating(people, normalised=False) for people in (30, 120))
    assert (small.accept(1), large.accept(1)) == (0.90, 0.92)
    assert (small.review(1), large.review(1)) == (0.86, 0.87)
    assert small.claim(1) == large.claim(1) == 0.93
    assert small.margin == large.margin == 0.02


# By enrolment count, and by kind of score.


def test_thresholds_follow_the_enrolment_count_up_to_the_last_declared() -> None:
    operating = BOTH.operating(30, normalised=False)
    assert [operating.accept(count) for count in (1, 2, 3, 4, 50)] == [0.90, 0.90, 0.91, 0.91, 0.91]
    assert [operating.claim(count) for count in (1, 2, 3)] == [0.93, 0.94, 0.94]
    assert operating.review(7) == 0.86
    for refused in (operating.accept, operating.review, operating.claim):
        with pytest.raises(ValueError, match="at least one enrolment"):
            refused(0)


def test_normalised_scores_have_levels_of_their_own() -> None:
    operating = BOTH.operating(120, normalised=True)
    assert (operating.accept(1), operating.review(5), operating.claim(2)) == (0.36, 0.26, 0.4)
    assert operating.margin == 0.05


def test_a_pack_that_never_normalises_has_no_levels_for_it() -> None:
    with pytest.raises(ValueError, match="normalised"):
        PLAIN_ONLY.operating(30, normalised=True)


def test_views_of_one_person_are_told_by_similarity_alone() -> None:
    assert BOTH.same_person == PLAIN_ONLY.same_person == pytest.approx(0.86)


# Confidence.


def test_at_the_share_of_strangers_that_it_was_fitted_at_confidence_is_the_logistic_curve() -> None:
    operating = BOTH.operating(30, normalised=False)
    assert operating.confidence(0.90, 1, 0.1) == pytest.approx(1 / (1 + math.exp(-1)))
    assert operating.confidence(0.92, 3, 0.1) == pytest.approx(1 / (1 + math.exp(-1 - 50 * 0.01)))


def test_at_another_share_the_odds_change_by_the_odds_of_strangers() -> None:
    """Of 10 faces 1 was a stranger's: odds of 9 to 1. Of 2 faces 1: odds of 1 to 1, a ninth of them."""
    before, after = CONFIDENCE.of(0.01, 0.1), CONFIDENCE.of(0.01, 0.5)
    assert after / (1 - after) == pytest.approx(before / (1 - before) / 9)


@given(score=st.floats(-1, 1), more=st.floats(0, 1), share=shares)
def test_confidence_never_falls_as_the_score_rises(score: float, more: float, share: float) -> None:
    assert CONFIDENCE.of(score + more, share) >= CONFIDENCE.of(score, share)


@given(excess=st.floats(-0.2, 0.2), share=st.floats(0.01, 0.8))
def test_confidence_rises_with_the_score_and_falls_with_the_share_of_strangers(
    excess: float, share: float
) -> None:
    assert CONFIDENCE.of(excess + 0.01, share) > CONFIDENCE.of(excess, share)
    assert CONFIDENCE.of(excess, share + 0.1) < CONFIDENCE.of(excess, share)


@given(
    score=st.floats(),
    share=st.floats(0, 1, exclude_min=True, exclude_max=True),
    intercept=st.floats(-1e300, 1e300),
    slope=st.floats(0, 1e300, exclude_min=True),
)
def test_confidence_is_a_probability_whatever_the_figures(
    score: float, share: float, intercept: float, slope: float
) -> None:
    assert 0 <= Confidence(intercept, slope, 0.1).of(score, share) <= 1


# As JSON.


@given(declared=thresholds())
def test_what_is_written_is_read_again(declared: Thresholds) -> None:
    assert thresholds_of(json.loads(json.dumps(declared.as_json()))) == declared


def test_changing_what_was_written_does_not_change_the_thresholds() -> None:
    for part, name in (("promise", "accept_fpir"), ("rivals", "nearest")):
        BOTH.as_json()[part][name] = 0
    BOTH.as_json()["plain"]["confidence"]["slope"] = 0
    assert BOTH.promise.accept_fpir == 0.01
    assert BOTH.rivals == Rivals(10, 0.4, 0.6, 100)
    assert BOTH.plain.confidence == Confidence(intercept=1.0, slope=50.0, stranger_share=0.1)


@pytest.mark.parametrize("pack", ["pypi", "yunet-reid0095"])
def test_the_committed_thresholds_of_packs_are_read(pack: str) -> None:
    found = thresholds_of(read_thresholds(pack))
    assert found.as_json() == read_thresholds(pack)


@pytest.mark.parametrize(
    ("counts", "people", "expected"),
    [
        ((1, 1), 30, 0.4),
        ((1, 1), 120, 0.5),
        ((1, 1), 480, 0.6),
        ((2, 1), 120, 0.55),
        ((1, 2), 120, 0.55),
        ((5, 4), 30, 0.5),
        ((1, 5), 30, 0.45),
        ((1, 1), 1, 0.4),
    ],
)
def test_duplicates_are_judged_by_both_counts_and_by_how_many_are_compared(
    counts: tuple[int, int], people: int, expected: float
) -> None:
    assert WITH_DUPLICATE.duplicate_threshold(counts, people) == pytest.approx(expected)


def test_a_pack_that_says_nothing_of_duplicates_is_held_to_what_it_accepts_in_such_a_crowd() -> None:
    assert BOTH.duplicate_threshold((3, 1), 240) == pytest.approx(0.94)
    assert BOTH.duplicate_threshold((1, 1), 240) == pytest.approx(0.93)


def test_look_alikes_stand_further_apart_than_others() -> None:
    assert BOTH.operating(30, normalised=False).lookalike_margin == pytest.approx(0.04)
    for declared, expected in ((0.03, 0.03), (0.01, 0.02)):
        levels = replace(PLAIN, lookalike_margin=declared)
        assert replace(BOTH, plain=levels).operating(30, normalised=False).lookalike_margin == expected


@pytest.mark.parametrize("pack", ["pypi", "yunet-reid0095"])
def test_a_shipped_pack_asks_more_of_duplicates_the_larger_the_school_and_the_more_photos(pack: str) -> None:
    found = thresholds_of(read_thresholds(pack))
    assert found.promise.duplicate_fpir == 0.005
    by_size = [found.duplicate_threshold((1, 1), people) for people in (100, 1000, 5000)]
    by_count = [found.duplicate_threshold((1, count), 1000) for count in (1, 2, 3)]
    assert by_size == sorted(by_size)
    assert by_count == sorted(by_count)
    assert len({*by_size, *by_count}) == 5


REFUSED_DUPLICATES: dict[str, Edit] = {
    "no pair": lambda d: d.clear(),
    "a pair left out": lambda d: d.pop("1-2"),
    "a pair the wrong way round": lambda d: d.update({"2-1": d.pop("1-2")}),
    "a pair of one": lambda d: d.update({"1": d["1-1"]}),
    "an enrolment count of none": lambda d: d.update({"0-1": d["1-1"]}),
    "above 1 in a large school": lambda d: d.update({"1-1": {"30": 0.5, "120": 0.8}}),
    "no number": lambda d: d.update({"1-1": {"30": math.nan, "120": 0.8}}),
}


@pytest.mark.parametrize("change", REFUSED_DUPLICATES.values(), ids=REFUSED_DUPLICATES)
def test_nonsense_of_duplicates_is_refused(change: Edit) -> None:
    declared = json.loads(json.dumps(WITH_DUPLICATE.as_json()))
    change(declared["duplicate"])
    with pytest.raises(ValueError, match=r"."):
        thresholds_of(declared)


REFUSED: dict[str, Edit] = {
    "a margin of look-alikes of 1": lambda d: d["plain"].update(lookalike_margin=1),
    "a negative margin of look-alikes": lambda d: d["plain"].update(lookalike_margin=-0.1),
    "rivals without levels": lambda d: d.pop("normalised"),
    "levels without rivals": lambda d: d.pop("rivals"),
    "no rival counts": lambda d: d["rivals"].update(nearest=0),
    "more rivals than the cohort has": lambda d: d["rivals"].update(nearest=101),
    "a negative weight of the reference": lambda d: d["rivals"].update(of_reference=-0.1),
    "a negative weight of the face": lambda d: d["rivals"].update(of_face=-0.1),
    "a weight that is no number": lambda d: d["rivals"].update(of_face=math.nan),
    "an endless weight": lambda d: d["rivals"].update(of_reference=math.inf),
    "no accept for one enrolment": lambda d: d["plain"]["accept"].pop("1"),
    "no review for one enrolment": lambda d: d["plain"]["review"].pop("1"),
    "no claim for one enrolment": lambda d: d["plain"]["claim"].pop("1"),
    "an enrolment count of none": lambda d: d["plain"]["accept"].update({"0": {"30": 0.9, "120": 0.9}}),
    "a review above accept": lambda d: d["plain"]["review"].update({"1": {"30": 0.91, "120": 0.91}}),
    "a review above accept at a count of its own": lambda d: d["plain"]["review"].update(
        {"5": {"30": 0.99, "120": 0.99}}
    ),
    "curves that cross on a large roster": lambda d: d["plain"]["review"].update(
        {"1": {"30": 0.86, "120": 0.919}}
    ),
    "an accept above 1 on a large roster": lambda d: d["normalised"]["accept"].update(
        {"1": {"30": 0.6, "120": 0.9}}
    ),
    "a review below -1": lambda d: d["normalised"]["review"].update({"1": {"30": -1.01, "120": -1.01}}),
    "an accept that is no number": lambda d: d["plain"]["accept"].update({"1": {"30": math.nan, "120": 0.9}}),
    "a claim above 1": lambda d: d["plain"]["claim"].update({"1": 1.01}),
    "a claim that is no number": lambda d: d["plain"]["claim"].update({"1": math.nan}),
    "a negative margin": lambda d: d["plain"].update(margin=-0.01),
    "a margin of 1": lambda d: d["plain"].update(margin=1),
    "a margin that is no number": lambda d: d["plain"].update(margin=math.nan),
    "a confidence that does not rise": lambda d: d["plain"]["confidence"].update(slope=0),
    "a confidence that falls": lambda d: d["normalised"]["confidence"].update(slope=-1),
    "a slope that is no number": lambda d: d["plain"]["confidence"].update(slope=math.nan),
    "an endless intercept": lambda d: d["plain"]["confidence"].update(intercept=math.inf),
    "no strangers": lambda d: d["plain"]["confidence"].update(stranger_share=0),
    "nobody but strangers": lambda d: d["plain"]["confidence"].update(stranger_share=1),
    "words": lambda d: d["plain"].update(margin="wide"),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_nonsense_is_refused(change: Edit) -> None:
    declared = json.loads(json.dumps(BOTH.as_json()))
    change(declared)
    with pytest.raises(ValueError, match=r"."):
        thresholds_of(declared)


@pytest.mark.parametrize("missing", ["promise", "plain", "provisional"])
def test_what_is_missing_is_named(missing: str) -> None:
    declared = BOTH.as_json()
    del declared[missing]
    with pytest.raises(KeyError, match=missing):
        thresholds_of(declared)
