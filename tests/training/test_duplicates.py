"""Thresholds of duplicate identities: chosen on one crowd, and whether another crowd finds the promise kept."""

from dataclasses import replace

import numpy as np
import pytest

from chalicelib.vision.pack import Pack
from chalicelib.vision.thresholds import Pair
from tests.training.made_up import crowd, thresholds
from training.duplicates import (
    FPIR,
    PAIRS,
    choose_duplicate_thresholds,
    evaluate_duplicates,
    references_of,
    table_of,
)
from training.lookalikes import lookalike_margins
from training.photos import WrongSets

KNOWN, FRESH = crowd("known", 400, 7, 1), crowd("fresh", 400, 7, 11)


@pytest.fixture(scope="module")
def calibrated(pack: Pack) -> Pack:
    chosen = choose_duplicate_thresholds(KNOWN.people, KNOWN.features, pack)
    return replace(pack, thresholds=replace(pack.thresholds, duplicate=chosen))


@pytest.fixture(scope="module")
def rows(calibrated: Pack) -> dict[tuple[Pair, int], dict]:
    document = evaluate_duplicates(FRESH.people, FRESH.features, calibrated)
    assert len(list(table_of(document))) == 3 + len(document["results"])
    return {(tuple(row["enrolments"]), row["school"]): row for row in document["results"]}


@pytest.mark.parametrize("pair", PAIRS)
def test_the_promise_is_kept_on_people_who_were_never_seen(rows: dict, pair: Pair) -> None:
    for school in (100, 250):
        assert rows[pair, school]["fpir_interval"][0] <= FPIR
        assert rows[pair, school]["fpir"] < 4 * FPIR
    assert "fpir" not in rows[pair, 1000], "there are not as many people"


def test_who_is_enrolled_twice_is_found_the_oftener_the_more_photos(rows: dict) -> None:
    found = [rows[pair, 250]["detected"] for pair in ((1, 1), (2, 2), (3, 3))]
    assert found == sorted(found)
    assert found[-1] > 0.9


def test_without_a_face_in_each_photo_a_person_has_no_reference_of_so_many(pack: Pack) -> None:
    blind = crowd("blind", 3, 2, 5)
    features = {**blind.features, blind.people[0].photos[1]: None}
    assert references_of(blind.people, 0, 1, features, pack).owner.tolist() == [0, 1, 2]
    two = references_of(blind.people, 0, 2, features, pack)
    assert two.owner.tolist() == [1, 2]
    assert np.allclose(np.linalg.norm(two.rows, axis=1), 1)


def test_too_few_people_are_refused(pack: Pack) -> None:
    few = crowd("few", 20, 7, 6)
    with pytest.raises(WrongSets):
        choose_duplicate_thresholds(few.people, few.features, pack)


def test_the_further_look_alikes_must_stand_apart_the_fewer_are_accepted(pack: Pack) -> None:
    some = crowd("pair", 40, 5, 8)
    calibrated = replace(pack, thresholds=thresholds(accept=0.5, margin=0.15))
    found = lookalike_margins(some.people, (), some.features, calibrated)
    assert {(row["enrol"], row["margins"]) for row in found} == {(n, k) for n in (1, 2, 3) for k in (1, 2, 3)}
    for enrol in (1, 2, 3):
        rows = [row for row in found if row["enrol"] == enrol]
        assert [row["accepted"] for row in rows] == sorted((row["accepted"] for row in rows), reverse=True)
        assert rows[0]["accepted"] > rows[-1]["accepted"] > 0
        assert rows[-1]["accepted_as_the_other"] <= rows[0]["accepted_as_the_other"] < rows[0]["faces"] / 10
