"""Three constructed challengers, from learning to the gate: one that is better, one that is equal, one that is worse.

What makes a person's occasions differ lies in a part of the space that is known, so it is known what pays. Thresholds
aim at the promise itself, so they are measured above it at every other seed, and nothing is promoted there: this is one
of the others.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from chalicelib.domain.gate import Decision, Verdict, decide, read_report
from chalicelib.vision.learned import Learned, load_learned
from chalicelib.vision.pack import Pack
from tests.training.made_up_school import school
from training import learning
from training.artefact import REPORT
from training.challenge import challenge
from training.learning import FITS, Candidate, Learnt, Parts, calibrated, learn
from training.outcome import model_files, report_files
from training.projections import labelled
from training.school import School, school_of
from training.segregate import Member, manifest_of


@dataclass(frozen=True, eq=False)
class Case:
    """pack: with the thresholds of these people, which the champion has too."""

    pack: Pack
    parts: Parts
    test: School


@pytest.fixture(scope="module")
def case(pack: Pack) -> Case:
    members = school(pack.model_id, several=350, once=1500, seed=10, nuisance=0.8, noise=0.9, registrations=2)
    several, once = members[:350], members[350:]
    cohort = once[:200]
    parts = Parts(cohort, cohort, several[:110], (*several[110:230], *once[200:600]))
    test = school_of((*several[230:], *once[600:]))
    with pytest.MonkeyPatch.context() as patched:
        few_draws(patched)
        thresholds = calibrated(parts.shown, cohort, pack, None)
    assert thresholds is not None
    return Case(replace(pack, thresholds=thresholds), parts, test)


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)


def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "DRAWS", 5)
    monkeypatch.setattr(learning, "VALIDATION_DRAWS", 4)


def judged(case: Case, learnt: Learnt) -> tuple[dict[str, Any], Decision]:
    """The report of what was learned, and what the gate says of it."""
    files = model_files(learnt, manifest_of(case.pack.model_id, case.parts.shown), case.pack)
    challenger = load_learned(files, case.pack)
    others = [member.template for member in case.parts.cohort]
    found = challenge(case.test, others, case.pack, Learned.of(case.pack), challenger)
    made = report_files(case.pack.model_id, challenger.model_id, learnt, found, files, case.pack)
    report = json.loads(made[REPORT])
    return report, decide(read_report(report), champion_id=case.pack.model_id)


def with_projection(case: Case, kind: str, matrix: Any, calibrate: bool = True) -> Learnt:
    parts, chosen = case.parts, Candidate(kind, matrix, None)
    thresholds = (
        calibrated(parts.validation, parts.cohort, case.pack, matrix) if calibrate else case.pack.thresholds
    )
    return Learnt(thresholds, chosen, (chosen,), len(parts.shown), 0)


def test_a_better_projection_is_chosen_and_promoted(case: Case) -> None:
    report, decision = judged(case, learn(case.parts, case.pack, lambda _line: None))
    chosen = next(each for each in report["candidates"] if each["chosen"])
    none = report["candidates"][0]
    test = report["test"]
    assert chosen["kind"] in FITS
    assert none["kind"] == "none"
    assert chosen["validation_fnir"] < none["validation_fnir"]
    assert test["identities"] >= 100
    assert test["expected_false_positives"] >= 10
    assert test["fnir_difference"]["upper"] <= 0
    assert test["challenger"]["fpir"] <= report["promise"]["accept_fpir"]
    assert decision.verdict is Verdict.PROMOTED


def test_an_equal_projection_is_kept_out(case: Case) -> None:
    """A rotation changes every value and no cosine."""
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(128, 128)))[0]
    report, decision = judged(case, with_projection(case, "head", rotation, calibrate=False))
    difference = report["test"]["fnir_difference"]
    assert difference["value"] == pytest.approx(0, abs=1e-3)
    assert difference["lower"] < 0 < difference["upper"]
    assert report["test"]["challenger"]["fpir"] == pytest.approx(report["test"]["champion"]["fpir"], abs=1e-3)
    assert decision.verdict is Verdict.KEPT
    assert "not_better" in [reason.code for reason in decision.reasons]


def test_a_projection_learned_from_shuffled_labels_is_refused(case: Case) -> None:
    data = labelled(case.parts.fit)
    shuffled = replace(data, whose=np.random.default_rng(1).permutation(data.whose))
    report, decision = judged(case, with_projection(case, "head", FITS["head"](shuffled)))
    assert report["test"]["fnir_difference"]["lower"] > 0
    assert decision.verdict is Verdict.KEPT
    assert "not_better" in [reason.code for reason in decision.reasons]


def test_with_few_people_there_is_no_evidence_whatever_the_difference(case: Case) -> None:
    few = replace(case, test=School(case.test.people[:99], case.test.people[:99], case.test.features))
    _, decision = judged(few, with_projection(case, "head", np.eye(128), calibrate=False))
    assert decision.verdict is Verdict.NOT_ENOUGH_EVIDENCE
    assert {reason.code for reason in decision.reasons} == {"few_identities", "few_false_positives"}


def test_people_who_learn_are_no_people_who_test(case: Case) -> None:
    def ids(members: tuple[Member, ...]) -> set[str]:
        return {member.person_id for member in members}

    learning_ids = ids(case.parts.shown) | ids(case.parts.cohort)
    assert not learning_ids & {person.name for person in case.test.strangers}
