"""Claims and groups, counted by hand."""

from dataclasses import replace

import pytest

from chalicelib.vision.pack import Pack
from tests.training.made_up import axis, like, person, seen, thresholds, together
from training.groups import verification_by_group
from training.trials import draw_of, gallery_of
from training.verification import claims

PEOPLE = together(
    person("ann", *[seen(axis(0))] * 3, like(0, 0.9, 10), like(0, 0.75, 11)),
    person("ben", *[seen(axis(1))] * 3, like(1, 0.95, 12), None),
    person("cat", *[like(0, 0.85, 13)] * 3, seen(axis(2))),
    person("dan", None, None, None, seen(axis(3))),
)


def test_claims_by_hand(pack: Pack) -> None:
    """Of six pairs of a stranger and somebody enrolled one passes; of six photos two do."""
    pack = replace(pack, thresholds=thresholds(0.8))
    strangers = together(person("s1", like(1, 0.81, 14)), person("s2", like(1, 0.79, 15)), person("s3", None))
    features = PEOPLE.features | strangers.features
    gallery = gallery_of(PEOPLE.people, features, pack, 1)
    drawn = [draw_of(PEOPLE.people, range(4), strangers.people, features, gallery)]
    found = claims(1, drawn, strangers.people, features, pack)
    assert (found["threshold"], found["pairs"], found["false_matches"]) == (0.8, 6, 1)
    assert found["fmr"] == 1 / 6
    assert found["fnmr"] == 4 / 6


def test_errors_by_group_by_hand(pack: Pack) -> None:
    """Ann passes as Cat, who is of her group; Ben is alone in his, and Dan, whose look is his own, is in none."""
    pack = replace(pack, thresholds=thresholds(0.7))
    groups = {"ann": "a", "cat": "a", "ben": "b", "nobody": "c"}
    rows = {row["group"]: row for row in verification_by_group(PEOPLE.people, PEOPLE.features, pack, groups)}
    assert set(rows) == {"a", "b"}
    # Ann's first look is .765 like Cat, her second one .6375; Cat's look is like nobody.
    assert rows["a"]["false_matches"] == 1
    assert rows["a"]["fmr"] == pytest.approx(1 / 3)
    assert rows["a"]["fnmr"] == pytest.approx(1 / 3)
    assert rows["b"]["fmr"] is None
    assert rows["b"]["fnmr"] == pytest.approx(1 / 2)
    assert not rows["a"]["supported"]
    assert rows["a"]["people"] == 2


def test_a_group_s_figures_are_supported_by_fifty_people(pack: Pack) -> None:
    people = together(*(person(f"p{n:02}", *[seen(axis(n))] * 4) for n in range(50)))
    groups = {each.name: "all" for each in people.people}
    (row,) = verification_by_group(
        people.people, people.features, replace(pack, thresholds=thresholds()), groups
    )
    assert row["supported"]
    assert (row["fmr"], row["fnmr"]) == (0, 0)
    del groups["p00"]
    (row,) = verification_by_group(
        people.people, people.features, replace(pack, thresholds=thresholds()), groups
    )
    assert not row["supported"]
