"""Error rates and their intervals: what they count, and whether they cover the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.rates import Rate, interval_of, outcomes, rate_of, threshold_at

few = st.integers(0, 6).map(float)  # so that there are ties


@given(st.lists(few, min_size=1, max_size=30), st.integers(0, 5), st.floats(0, 1))
def test_a_threshold_is_the_least_that_lets_so_many_through(
    scores: list[float], not_found: int, rate: float
) -> None:
    total = len(scores) + not_found
    found = np.array(scores + [-np.inf] * not_found)
    allowed = int(np.floor(rate * total + 1e-9))
    least = min(t for t in (-np.inf, *scores) if (found > t).sum() <= allowed)
    assert threshold_at(found, rate, total) == least


def test_a_face_that_was_not_found_is_among_those_of_whom_the_rate_is_taken() -> None:
    assert threshold_at(np.array([0.9, 0.8, 0.7, 0.6]), 0.25, 4) == 0.8
    assert threshold_at(np.array([0.9, 0.8, -np.inf, -np.inf]), 0.25, 4) == 0.8
    assert threshold_at(np.array([0.9, 0.8]), 0.25, 8) == -np.inf


def test_equal_scores_are_let_through_together_or_not_at_all() -> None:
    assert threshold_at(np.array([0.9, 0.8, 0.8, 0.8, 0.1]), 0.4, 5) == 0.8


def test_a_rate_of_one_in_a_hundred_of_a_thousand_allows_exactly_ten() -> None:
    scores = np.arange(1000.0)
    for rate, allowed in ((0.001, 1), (0.003, 3), (0.01, 10), (0.03, 30)):
        assert (scores > threshold_at(scores, rate, 1000)).sum() == allowed


def test_a_rate_is_over_all_draws_and_counts_subjects_once() -> None:
    first = (np.array([0, 0, 1]), np.array([True, False, False]))
    second = (np.array([0, 2]), np.array([True, True]))
    found = outcomes([first, second], 4)
    assert found.rate == 3 / 5
    assert found.subjects_hit == 2


def test_an_interval_covers_the_truth_about_95_times_of_100() -> None:
    """Subjects who err more often than others, looked at three times in each of four galleries; the truth is 0.1."""
    rng = np.random.default_rng(5)
    whose = np.repeat(np.arange(120), 3)
    covered = []
    for _ in range(200):
        inclined = rng.beta(0.5, 4.5, 120)
        erred = rng.random(len(whose)) < inclined[whose]
        low, high = rate_of(outcomes([(whose, erred)] * 4, 120), repeats=200).interval
        covered.append(low <= 0.1 <= high)
    assert 0.90 <= np.mean(covered) <= 0.99


def test_photos_of_one_subject_are_not_counted_as_independent() -> None:
    subjects, photos = 60, 8
    errs = np.random.default_rng(0).random(subjects) < 0.2
    whose = np.repeat(np.arange(subjects), photos)
    by_subject = rate_of(outcomes([(whose, errs[whose])], subjects))
    by_photo = rate_of(outcomes([(np.arange(len(whose)), errs[whose])], len(whose)))
    assert by_subject.value == by_photo.value
    assert _width(by_subject) > 2 * _width(by_photo)


def test_galleries_are_drawn_again_too() -> None:
    """In one of two galleries everybody errs: that alone makes the rate uncertain."""
    whose = np.arange(50)
    wide = rate_of(outcomes([(whose, np.ones(50, bool)), (whose, np.zeros(50, bool))], 50))
    assert wide == Rate(0.5, (0.0, 1.0))


def test_where_nobody_erred_the_upper_end_is_not_zero() -> None:
    """The exact bound: as likely as 1 in 40, none of 100 would err."""
    found = rate_of(outcomes([(np.arange(100), np.zeros(100, bool))], 100))
    assert (found.value, found.interval[0]) == (0, 0)
    assert (1 - found.interval[1]) ** 100 == pytest.approx(0.025)


def test_the_interval_of_any_statistic_is_that_of_its_resamplings() -> None:
    low, high = interval_of(lambda rng: float(rng.uniform()), seed=0, repeats=4000)
    assert (low, high) == (pytest.approx(0.025, abs=0.01), pytest.approx(0.975, abs=0.01))


def _width(rate: Rate) -> float:
    return rate.interval[1] - rate.interval[0]
