"""FPIR and FNIR by hand, and the oracle by brute force."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chalicelib.vision.pack import Pack
from tests.training.made_up import crowd, thresholds, together
from tests.training.test_trials import by_hand
from training.identification import (
    Judged,
    as_json,
    det_curve,
    fnir_at_threshold,
    fpir_at_threshold,
    judge,
    oracle,
    rank1,
)
from training.trials import draw_of, draws, gallery_of


@pytest.fixture(scope="module")
def judged(pack: Pack) -> Judged:
    people, strangers = crowd("p", 40, 5, 1, noise=1.0), crowd("s", 200, 1, 2)
    features = together(people, strangers).features
    features[people.people[3].photos[3]] = None
    features[strangers.people[5].photos[0]] = None
    drawn = draws(people.people, strangers.people, features, pack, count=2, size=30, number=5)
    return judge(list(drawn), replace(pack, thresholds=thresholds(0.6, 0.02)), (40, 200))


def test_rates_by_hand(pack: Pack) -> None:
    """Of four strangers one is accepted; of four looks at people one is, and two of the misses were never scored."""
    people, strangers = by_hand()
    features = people.features | strangers.features
    gallery = gallery_of(people.people, features, pack, 1)
    one = draw_of(people.people, range(4), strangers.people, features, gallery)
    found = judge([one], replace(pack, thresholds=thresholds(0.8)), (4, 4))
    assert fpir_at_threshold(found).value == 1 / 4
    assert fnir_at_threshold(found).value == 3 / 4
    assert rank1(found) == 1 / 4


def test_who_is_taken_for_somebody_else_is_missed(pack: Pack) -> None:
    """At so low a threshold everybody with a face is accepted: Ann as herself, Cat and Dan as Ann."""
    people, strangers = by_hand()
    features = people.features | strangers.features
    gallery = gallery_of(people.people, features, pack, 1)
    one = draw_of(people.people, range(4), strangers.people, features, gallery)
    found = judge([one], replace(pack, thresholds=thresholds(0.0, 0.0)), (4, 4))
    assert fpir_at_threshold(found).value == 3 / 4
    assert fnir_at_threshold(found).value == 3 / 4


@pytest.mark.parametrize("fpir", [0.005, 0.01, 0.03, 0.1])
def test_the_oracle_is_that_of_every_threshold_tried(judged: Judged, fpir: float) -> None:
    missed, shown, strangers = 0, 0, set()
    for draw, mated, nonmated in zip(judged.draws, judged.mated_excess, judged.nonmated_excess, strict=True):
        tried = [-np.inf, *sorted(set(nonmated.tolist()))]
        least = next(t for t in tried if sum(each > t for each in nonmated) <= fpir * 200)
        missed += sum(
            not (right and each > least) for right, each in zip(draw.mated.right, mated, strict=True)
        )
        shown += len(mated)
        strangers |= {who for who, each in zip(draw.nonmated.subject, nonmated, strict=True) if each > least}
    row = oracle(judged, fpir, repeats=50)
    assert row.fnir == missed / shown
    assert row.false_positives == len(strangers)
    assert row.supported == (len(strangers) >= 10)


def test_the_oracle_is_not_supported_by_fewer_than_ten_distinct_strangers(judged: Judged) -> None:
    """In all draws it is mostly the same few strangers who are accepted."""
    few, many = oracle(judged, 0.005, repeats=50), oracle(judged, 0.1, repeats=50)
    assert few.false_positives < 10 <= many.false_positives
    assert not few.supported
    assert many.supported


def test_the_oracle_s_interval_holds_its_value_and_is_wider_with_fewer_strangers(judged: Judged) -> None:
    strict, loose = oracle(judged, 0.01, repeats=300), oracle(judged, 0.1, repeats=300)
    for row in (strict, loose):
        assert row.fnir_interval[0] < row.fnir < row.fnir_interval[1]
    assert np.ptp(strict.fnir_interval) > np.ptp(loose.fnir_interval)


def test_a_threshold_that_lets_more_strangers_in_misses_fewer_people(judged: Judged) -> None:
    curve = det_curve(judged)
    fpirs, fnirs = zip(*curve, strict=True)
    assert list(fpirs) == sorted(fpirs)
    assert list(fnirs) == sorted(fnirs, reverse=True)
    assert fnirs[0] > fnirs[-1]


def test_a_row_has_the_fields_that_it_promises(judged: Judged) -> None:
    row: dict[str, Any] = as_json(2, judged)
    assert {"enrol", "people", "probes", "strangers", "rank1", "at_pack_threshold", "oracle"} <= set(row)
    assert (row["enrol"], row["people"], row["gallery"], row["strangers"]) == (2, 40, 30, 200)
    assert row["probes"] == 30 * 2
    assert set(row["at_pack_threshold"]) == {"fpir", "fpir_interval", "fnir", "fnir_interval"}
    assert [each["fpir"] for each in row["oracle"]] == [0.001, 0.003, 0.01, 0.03]
    assert {"fpir", "fnir", "fnir_interval", "supported"} <= set(row["oracle"][0])


def test_everybody_drawn_counts_for_the_gallery_s_size_enrolled_or_not(pack: Pack) -> None:
    people, strangers = by_hand()
    features = people.features | strangers.features
    drawn = list(draws(people.people, strangers.people, features, pack, count=1, size=4, number=1))
    found = judge(drawn, replace(pack, thresholds=thresholds()), (4, 4))
    assert len(drawn[0].gallery.person_ids) == 3
    assert as_json(1, found)["gallery"] == 4
