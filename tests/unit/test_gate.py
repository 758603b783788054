"""The gate promotes on evidence, and on nothing else."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import ArtefactRefused
from chalicelib.domain.gate import Verdict, decide, read_report
from tests.support.artefacts import BETTER, SAME, WORSE, figures, report

CHAMPION, OTHER = "fake-1", "fake-1~ffffffffffff"


def decision(champion_id: str = CHAMPION, **more: Any) -> tuple[str, list[str]]:
    decided = decide(read_report(report(CHAMPION, **more)), champion_id=champion_id)
    assert all(reason.sentence for reason in decided.reasons)
    return decided.verdict.value, [reason.code for reason in decided.reasons]


def test_a_better_one_is_promoted_and_says_by_how_much() -> None:
    decided = decide(read_report(report(CHAMPION)), champion_id=CHAMPION)
    assert decided.verdict is Verdict.PROMOTED
    assert [reason.sentence for reason in decided.reasons] == [
        "Its FNIR differs by -0.0300 (-0.0500 to -0.0100) on 150 people.",
        "Its FPIR is 0.80% (0.50% to 1.20%) on 2000 strangers, within 1.00%.",
    ]


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({"test": None}, ["few_identities", "few_false_positives"]),
        ({"test": figures(identities=99)}, ["few_identities"]),
        ({"test": figures(strangers=999)}, ["few_false_positives"]),
        ({"calibrated": False}, ["not_calibrated"]),
        (
            {"test": figures(WORSE, identities=12, strangers=40), "calibrated": False},
            ["few_identities", "few_false_positives", "not_calibrated"],
        ),
    ],
)
def test_too_little_evidence_decides_nothing_however_good_it_looks(more: Any, codes: list[str]) -> None:
    assert decision(**more) == ("not_enough_evidence", codes)


def test_what_is_just_enough_is_enough() -> None:
    assert decision(test=figures(identities=100, strangers=1000))[0] == "promoted"


def test_expected_false_positives_are_counted_here_and_not_believed() -> None:
    assert decision(test=figures(strangers=500, expected_false_positives=99))[0] == "not_enough_evidence"


@pytest.mark.parametrize(
    "difference",
    [
        SAME,
        WORSE,
        {"value": 0.0, "lower": 0.0, "upper": 0.0},
        {"value": -0.02, "lower": -0.05, "upper": 1e-9},
    ],
    ids=["the same", "worse", "no difference at all", "perhaps better"],
)
def test_one_that_is_not_known_to_be_better_is_kept_out(difference: Any) -> None:
    assert decision(test=figures(difference)) == ("kept", ["not_better"])


def test_an_upper_bound_of_nothing_is_enough_for_one_that_is_better() -> None:
    assert decision(test=figures({"value": -0.02, "lower": -0.05, "upper": 0.0}))[0] == "promoted"


@pytest.mark.parametrize(
    ("fpir", "interval", "verdict"),
    [
        (0.01, [0.007, 0.014], "promoted"),
        (0.0101, [0.007, 0.014], "kept"),
        (0.03, [0.02, 0.04], "kept"),
    ],
)
def test_a_broken_promise_is_no_promotion(fpir: float, interval: list[float], verdict: str) -> None:
    challenger = {"fpir": fpir, "fpir_interval": interval}
    expected = {"promoted": ["better", "promise_kept"], "kept": ["promise_broken"]}[verdict]
    assert decision(test=figures(challenger=challenger)) == (verdict, expected)


@pytest.mark.parametrize(
    ("identities", "difference", "verdict"),
    [(50, WORSE, "kept"), (49, WORSE, "promoted"), (500, SAME, "promoted"), (50, BETTER, "promoted")],
)
def test_groups_count_from_50_people_on_and_only_if_they_get_worse(
    identities: int, difference: Any, verdict: str
) -> None:
    group = {"by": "lighting", "name": "dim", "identities": identities, "fnir_difference": difference}
    assert decision(groups=[group])[0] == verdict


def test_one_tested_against_a_model_that_is_not_in_service_any_more_is_kept_out() -> None:
    assert decision(OTHER) == ("kept", ["champion_changed"])
    assert decision(OTHER, model_id=OTHER) == ("kept", ["same_model"])
    assert decision(OTHER, test=None)[0] == "not_enough_evidence"


def test_every_reason_is_told() -> None:
    challenger = {"fpir": 0.02, "fpir_interval": [0.01, 0.03]}
    group = {"by": "camera", "name": "cam_1", "identities": 60, "fnir_difference": WORSE}
    told = decision(OTHER, test=figures(WORSE, challenger=challenger), groups=[group])
    assert told == ("kept", ["champion_changed", "promise_broken", "not_better", "group_worse"])


CHALLENGER = {"fpir": 0.008, "fpir_interval": [0.005, 0.012]}


@pytest.mark.parametrize(
    "more",
    [
        {"format": 2},
        {"champion_id": 7},
        {"model_id": ""},
        {"pack_id": "x" * 65},
        {"data_version": "\ud800"},
        {"promise": {}},
        {"promise": {"accept_fpir": math.nan}},
        {"promise": {"accept_fpir": True}},
        {"calibrated": "yes"},
        {"test": []},
        {"test": figures(identities=-1)},
        {"test": figures(identities=150.0)},
        {"test": figures(strangers=True)},
        {"test": figures({"value": -0.03, "lower": -0.01, "upper": -0.05})},
        {"test": figures({"value": -0.03, "lower": -math.inf, "upper": -0.01})},
        {"test": figures({"value": -0.03, "lower": -0.05})},
        {"test": figures(challenger=None)},
        {"test": figures(challenger=CHALLENGER | {"fpir": "0.008"})},
        {"test": figures(challenger=CHALLENGER | {"fpir": -0.1})},
        {"test": figures(challenger=CHALLENGER | {"fpir_interval": [0.012, 0.005]})},
        {"test": figures(challenger=CHALLENGER | {"fpir_interval": [0.012]})},
        {"groups": {}},
        {"groups": ["dim"]},
        {"groups": [{"by": "name", "name": "Ada", "identities": 1, "fnir_difference": SAME}]},
        {"groups": [{"by": "camera", "name": "cam_1", "identities": 1}]},
    ],
    ids=str,
)
def test_a_malformed_report_is_refused_and_never_promoted(more: Any) -> None:
    with pytest.raises(ArtefactRefused):
        read_report(report(CHAMPION, **more))


@pytest.mark.parametrize(
    "name", sorted(report(CHAMPION).keys() - {"learned_from", "candidates", "expected", "test"})
)
def test_a_report_in_which_something_is_missing_is_refused(name: str) -> None:
    told = report(CHAMPION)
    del told[name]
    with pytest.raises(ArtefactRefused):
        read_report(told)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(report(CHAMPION))), inner)
        ),
        max_leaves=12,
    ),
    st.sampled_from(sorted(report(CHAMPION))),
)
def test_whatever_stands_in_a_report_is_read_or_refused(found: Any, name: str) -> None:
    try:
        read = read_report({**report(CHAMPION), name: found})
    except ArtefactRefused:
        return
    decide(read, champion_id=CHAMPION)


SHARE = st.floats(0, 1)


@given(SHARE, SHARE, SHARE, st.integers(0, 300), st.integers(0, 3000), st.booleans(), SHARE)
def test_nothing_is_promoted_without_evidence_a_gain_and_the_promise_kept(
    low: float, value: float, width: float, identities: int, strangers: int, calibrated: bool, fpir: float
) -> None:
    difference = {"value": value - low, "lower": -low, "upper": width - low}
    challenger = {"fpir": fpir / 50, "fpir_interval": [0, 1]}
    tested = figures(difference, identities=identities, strangers=strangers, challenger=challenger)
    verdict, _ = decision(test=tested, calibrated=calibrated)
    if verdict == "promoted":
        assert calibrated
        assert identities >= 100
        assert strangers * 0.01 >= 10
        assert fpir / 50 <= 0.01
        assert difference["upper"] <= 0
        assert difference["value"] < 0
    assert json.dumps(tested)
