"""Thresholds chosen on one crowd, and whether another crowd finds the promise kept."""

from dataclasses import replace

import numpy as np
import pytest

from chalicelib.vision.pack import Pack
from chalicelib.vision.thresholds import Thresholds, thresholds_of
from tests.training.made_up import Crowd, crowd, together
from training.confidences import reliability, weighted
from training.identification import fnir_at_threshold, fpir_at_threshold, judge
from training.photos import WrongSets
from training.thresholds import PROMISE, RIVALS, Material, choose_thresholds
from training.trials import COUNTS, Draw, cohort_of, draws
from training.verification import claims

KNOWN = crowd("known", 130, 5, 1), crowd("unknown", 700, 1, 2), crowd("other", RIVALS.cohort, 2, 3)
FRESH = crowd("fresh", 130, 5, 11), crowd("strange", 700, 1, 12), crowd("apart", RIVALS.cohort, 2, 13)


@pytest.fixture(scope="module")
def chosen(pack: Pack) -> Thresholds:
    people, strangers, others = KNOWN
    features = together(*KNOWN).features
    material = Material(people.people, strangers.people, features, pack, number=4)
    return choose_thresholds(material, cohort_of(others.people, features, pack.model_id))


@pytest.fixture(scope="module")
def calibrated(pack: Pack, chosen: Thresholds) -> Pack:
    return replace(pack, thresholds=chosen)


def fresh_draws(pack: Pack, count: int, with_cohort: bool, size: int = 120) -> list[Draw]:
    people, strangers, others = FRESH
    features = together(*FRESH).features
    cohort = cohort_of(others.people, features, pack.model_id) if with_cohort else ()
    rivals = pack.thresholds.rivals
    return list(
        draws(
            people.people,
            strangers.people,
            features,
            pack,
            count=count,
            size=size,
            rivals=rivals,
            cohort=cohort,
            number=4,
        )
    )


@pytest.mark.parametrize("with_cohort", [False, True])
@pytest.mark.parametrize("count", COUNTS)
def test_the_promise_is_kept_on_people_who_were_never_seen(
    calibrated: Pack, count: int, with_cohort: bool
) -> None:
    drawn = fresh_draws(calibrated, count, with_cohort)
    assert drawn[0].gallery.normalises == with_cohort
    rate = fpir_at_threshold(judge(drawn, calibrated, (130, 700)))
    assert rate.interval[0] <= PROMISE.accept_fpir <= rate.interval[1]


def test_a_smaller_roster_is_held_to_the_same_promise(calibrated: Pack) -> None:
    rate = fpir_at_threshold(judge(fresh_draws(calibrated, 2, False, size=30), calibrated, (130, 700)))
    assert rate.interval[0] <= PROMISE.accept_fpir <= rate.interval[1]


def test_more_photos_cost_no_more_misses(calibrated: Pack) -> None:
    fnirs = [
        fnir_at_threshold(judge(fresh_draws(calibrated, count, False), calibrated, (130, 700))).value
        for count in COUNTS
    ]
    assert fnirs == sorted(fnirs, reverse=True)
    assert fnirs[0] > fnirs[-1]


def test_a_larger_roster_never_has_the_lower_threshold(chosen: Thresholds) -> None:
    for normalised in (False, True):
        for count in COUNTS:
            by_size = [
                chosen.operating(size, normalised=normalised).accept(count) for size in (10, 30, 120, 1000)
            ]
            assert by_size == sorted(by_size)
            assert by_size[0] < by_size[-1]


def test_what_was_chosen_is_what_a_pack_may_declare(chosen: Thresholds) -> None:
    assert thresholds_of(chosen.as_json()) == chosen
    assert not chosen.provisional
    assert chosen.promise == PROMISE
    assert chosen.rivals == RIVALS


def test_without_enough_people_elsewhere_scores_are_never_normalised(pack: Pack) -> None:
    people, strangers, others = KNOWN
    features = together(*KNOWN).features
    material = Material(people.people, strangers.people[:100], features, pack, (10, 40), (1,), number=2)
    cohort = cohort_of(others.people[:-1], features, pack.model_id)
    plain = choose_thresholds(material, cohort)
    assert (plain.normalised, plain.rivals) == (None, None)
    assert thresholds_of(plain.as_json()) == plain


@pytest.mark.parametrize("with_cohort", [False, True])
def test_confidences_are_true_of_people_who_were_never_seen(calibrated: Pack, with_cohort: bool) -> None:
    drawn = [draw for count in COUNTS for draw in fresh_draws(calibrated, count, with_cohort)]
    found = reliability(drawn, calibrated, 0.1)
    assert found["ece"] < 0.03
    assert sum(each["weight"] for each in found["bins"]) == pytest.approx(1)
    assert [each["confidence"] for each in found["bins"]] == sorted(
        each["confidence"] for each in found["bins"]
    )


def test_confidences_that_are_wrong_are_found_out(calibrated: Pack) -> None:
    plain = calibrated.thresholds.plain
    boastful = replace(plain, confidence=replace(plain.confidence, intercept=plain.confidence.intercept + 5))
    pack = replace(calibrated, thresholds=replace(calibrated.thresholds, plain=boastful))
    drawn = [draw for count in COUNTS for draw in fresh_draws(pack, count, False)]
    assert reliability(drawn, pack, 0.1)["ece"] > 0.05


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_the_share_of_strangers_is_what_was_assumed(calibrated: Pack, share: float) -> None:
    drawn = fresh_draws(calibrated, 1, False)
    faces = weighted(drawn, calibrated, share)
    of_strangers = np.concatenate(
        [np.r_[np.zeros(len(draw.mated.top)), np.ones(len(draw.nonmated.top))] for draw in drawn]
    )
    assert faces.weight.sum() == pytest.approx(1)
    assert faces.weight @ of_strangers == pytest.approx(share)
    assert not faces.right[of_strangers == 1].any()


def test_a_claim_lets_one_stranger_in_ten_thousand_pass(calibrated: Pack) -> None:
    _, strangers, _ = FRESH
    features = together(*FRESH).features
    for count in COUNTS:
        found = claims(count, fresh_draws(calibrated, count, False), strangers.people, features, calibrated)
        assert found["pairs"] == 4 * 700 * 120
        assert 0.25e-4 < found["fmr"] < 4e-4
        assert found["fmr"] == found["false_matches"] / found["pairs"]


def test_people_who_are_strangers_to_each_other_are_none_to_themselves(pack: Pack) -> None:
    """Their own photos would be most of the pairs that pass, and the threshold out of everybody's reach."""
    people = crowd("site", 120, 4, 21)
    material = Material(people.people, people.people, people.features, pack, (20, 60), (1,), number=4)
    apart = crowd("else", 120, 1, 22)
    against_others = Material(
        people.people, apart.people, together(people, apart).features, pack, (20, 60), (1,), number=4
    )
    among = choose_thresholds(material, ()).plain.claim[1]
    assert among == pytest.approx(choose_thresholds(against_others, ()).plain.claim[1], abs=0.08)
    assert among < 0.95


def test_rosters_larger_than_the_crowd_are_refused_not_made_smaller(pack: Pack) -> None:
    people: Crowd = crowd("few", 119, 4, 31)
    with pytest.raises(WrongSets, match="120 cannot be drawn from 119"):
        choose_thresholds(Material(people.people, people.people, people.features, pack, number=1), ())


@pytest.mark.parametrize("unseen", ["stranger", "student"])
def test_thresholds_are_not_chosen_where_nobody_is_seen(pack: Pack, unseen: str) -> None:
    students, strangers = crowd("student", 4, 4, 1), crowd("stranger", 3, 1, 2)
    features = together(students, strangers).features
    for photo in features:
        if photo.parent.name.startswith(unseen) and (unseen == "stranger" or photo.name == "3.jpg"):
            features[photo] = None
    material = Material(students.people, strangers.people, features, pack, (2, 4), number=2)
    with pytest.raises(WrongSets, match="No face is found"):
        choose_thresholds(material, ())
