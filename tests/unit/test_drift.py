"""Tallies of what a model sees, and when it is no longer what is expected."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.drift import (
    BINS,
    DRIFTED,
    EDGES,
    LEAST_FACES,
    Baseline,
    Expected,
    Tally,
    TallyOf,
    expected_of,
    first_faces,
    has_drifted,
    shares_of,
    stability,
    tally_of,
    total,
)
from chalicelib.domain.frames import FrameResult, Rejection
from chalicelib.domain.quality import CameraHealth, Condition, Reason
from chalicelib.domain.sightings import Box, Decision, Sighting

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = date(2026, 11, 23)


def sighting(excess: float = 0.0, decision: Decision = Decision.ACCEPTED, **more: Any) -> Sighting:
    return Sighting(
        box=Box(0, 0, 50, 50),
        detection=0.9,
        quality=0.9,
        similarity=0.9,
        margin=0.1,
        confidence=0.9,
        **{"candidate": "ann", "score": 0.5 + excess, "threshold": 0.5, "decision": decision} | more,
    )


def result(*sightings: Sighting, conditions: tuple[Condition, ...] = ()) -> FrameResult:
    return FrameResult("model", AT, sightings, health=CameraHealth(120, 30, 0.3, conditions))


def tallied(*excess: int) -> Tally:
    """So many faces in the bins from the first on."""
    return Tally(excess=tuple(excess) + (0,) * (BINS - len(excess)))


def test_a_frame_is_counted_by_what_was_decided_and_how_clearly() -> None:
    turned = (Reason.TURNED_AWAY,)
    tally = tally_of(
        result(
            sighting(0.015),
            sighting(0.0),
            sighting(-0.003, Decision.REVIEW),
            sighting(-0.9, Decision.UNKNOWN, reasons=turned),
            sighting(0.9, Decision.UNKNOWN, candidate=None),
        )
    )
    assert tally is not None
    assert (tally.frames, tally.unacquired) == (1, 0)
    assert (tally.accepted, tally.review, tally.unknown, tally.faces, tally.scored) == (2, 1, 2, 5, 4)
    assert (tally.review_rate, tally.failure_to_acquire) == (0.2, 0.0)
    assert {place: count for place, count in enumerate(tally.excess) if count} == {
        0: 1,
        EDGES.index(-0.005) + 1: 1,
        EDGES.index(0.0) + 1: 1,
        EDGES.index(0.01) + 1: 1,
    }


@pytest.mark.parametrize(
    "sightings", [(), (sighting(reasons=(Reason.BLURRED,)),)], ids=["no face", "none good enough"]
)
def test_a_frame_without_a_face_that_is_good_enough_is_a_failure_to_acquire(sightings: Any) -> None:
    assert tally_of(result(*sightings)).failure_to_acquire == 1.0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "blind",
    [
        result(conditions=(Condition.DARK,)),
        result(conditions=(Condition.BLOCKED,)),
        FrameResult("model", AT, rejection=Rejection("unreadable_picture", "")),
    ],
)
def test_a_frame_in_which_nothing_could_be_seen_is_not_counted(blind: FrameResult) -> None:
    assert tally_of(blind) is None


def test_of_nothing_there_are_no_rates() -> None:
    assert (Tally().review_rate, Tally().failure_to_acquire, Tally().faces) == (None, None, 0)


tallies = st.builds(
    Tally,
    *(st.integers(0, 9) for _ in range(5)),
    excess=st.lists(st.integers(0, 500), min_size=BINS, max_size=BINS).map(tuple),
)


@given(st.lists(tallies, max_size=4), st.randoms())
def test_tallies_add_up_in_any_order(some: list[Tally], random: Any) -> None:
    rows = [TallyOf("course", DAY, "model", each) for each in some]
    whole = total(rows)
    random.shuffle(rows)
    assert total(rows) == whole
    assert whole.scored == sum(each.scored for each in some)


edges = st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=12, unique=True).map(sorted)


@given(tallies.filter(lambda tally: tally.scored), edges)
def test_shares_between_any_edges_are_of_one_whole(tally: Tally, some: list[float]) -> None:
    shares = shares_of(tally, some)
    assert len(shares) == len(some) - 1
    assert all(share >= -1e-12 for share in shares)
    assert sum(shares) == pytest.approx(1)


def test_between_our_own_edges_shares_are_those_counted() -> None:
    shares = shares_of(tallied(*range(BINS)), (-1, *EDGES, 1))
    assert shares == pytest.approx([count / sum(range(BINS)) for count in range(BINS)])


def test_within_a_bin_faces_lie_evenly() -> None:
    at = EDGES.index(0.04) + 1  # from 0.04 to 0.08
    assert shares_of(tallied(*[0] * at, 100), (-1, 0.05, 1)) == pytest.approx((0.25, 0.75))


def like(tally: Tally) -> Expected:
    between = (-1.0, *EDGES, 1.0)
    return Expected(Baseline.FIRST_FACES, between, shares_of(tally, between))


USUAL = tallied(0, 0, 0, 0, 0, 100, 100, 100, 300, 400, 900, 100)


def test_what_is_as_it_was_has_not_drifted() -> None:
    assert stability(USUAL, like(USUAL)) == 0
    assert not has_drifted(USUAL, like(USUAL))
    assert not has_drifted(USUAL, None)


def test_lower_scores_are_a_drift_and_so_are_higher_ones() -> None:
    for moved in ((*USUAL.excess[2:], 0, 0), (0, 0, *USUAL.excess[:-2])):
        assert has_drifted(replace(USUAL, excess=moved), like(USUAL))


def test_a_little_more_of_one_kind_is_none() -> None:
    excess = list(USUAL.excess)
    excess[10] += 200
    index = stability(replace(USUAL, excess=tuple(excess)), like(USUAL))
    assert index is not None
    assert 0 < index < 0.1 < DRIFTED


def test_too_few_faces_are_not_judged() -> None:
    few = tallied(LEAST_FACES - 1)
    assert stability(few, like(USUAL)) is None
    assert not has_drifted(few, like(USUAL))
    assert has_drifted(tallied(LEAST_FACES), like(USUAL))


@given(tallies.filter(lambda tally: tally.scored >= LEAST_FACES), tallies.filter(lambda tally: tally.scored))
def test_the_index_is_never_negative_and_finite(seen: Tally, before: Tally) -> None:
    index = stability(seen, like(before))
    assert index is not None
    assert 0 <= index < 2 * BINS


def test_the_first_days_with_enough_faces_are_compared_with() -> None:
    halves = [
        TallyOf(course, DAY + timedelta(days=after), "model", tallied(0, LEAST_FACES // 4))
        for after in (0, 1, 2)
        for course in ("maths", "music")
    ]
    expected = first_faces(halves[::-1])
    assert expected is not None
    assert (expected.baseline, expected.until) == (Baseline.FIRST_FACES, DAY + timedelta(days=1))
    assert expected.shares[1] == 1
    assert first_faces(halves[:2]) is None
    assert first_faces([]) is None


REPORT = {"expected": {"edges": [-0.1, 0.0, 0.1, 0.2], "shares": [0.1, 0.3, 0.6], "review_rate": 0.02}}


def test_a_report_says_what_to_expect() -> None:
    expected = expected_of(REPORT | {"format": 1})
    assert expected == Expected(Baseline.REPORT, (-0.1, 0.0, 0.1, 0.2), (0.1, 0.3, 0.6), 0.02, None)
    inside = [low for low, _ in pairwise(EDGES)].index(0.0) + 1
    assert stability(tallied(*[0] * inside, LEAST_FACES), expected) is not None


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        {"expected": None},
        {"expected": {"edges": [0, 1], "shares": [1]}},
        {"expected": {"edges": [0, 1, 2], "shares": [0.5, 0.4]}},
        {"expected": {"edges": [0, 1, 1], "shares": [0.5, 0.5]}},
        {"expected": {"edges": [0, 1, 2, 3], "shares": [0.5, 0.5]}},
        {"expected": {"edges": [0, 1, float("nan")], "shares": [0.5, 0.5]}},
        {"expected": {"edges": "012", "shares": [0.5, 0.5]}},
        {"expected": {"edges": [0, "1", 2], "shares": [0.5, 0.5]}},
    ],
)
def test_a_report_that_cannot_be_compared_with_says_nothing(told: Any) -> None:
    assert expected_of(told) is None
