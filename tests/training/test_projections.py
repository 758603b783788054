"""What is learned on top of an embedder: that it is what it says, pays where it can, and is run as it was chosen."""

import hashlib
import json

import numpy as np
import pytest

from chalicelib.vision.learned import load_learned, unit
from chalicelib.vision.pack import Pack, session_on
from tests.training.made_up_school import IDENTITY, NUISANCE, school
from training.artefact import MANIFEST
from training.head import _slope
from training.learning import FITS, NONE, Candidate, Learnt, learn, parts_of
from training.outcome import model_files
from training.projections import Labelled, fit_wccn, graph_of, labelled, means_by, projection_of, tidy
from training.segregate import manifest_of

MEMBERS = school("pack", several=80, once=20, registrations=3, seed=3)


@pytest.fixture(scope="module")
def data() -> Labelled:
    return labelled(MEMBERS)


def weight(matrix: np.ndarray, part: slice) -> float:
    return float(np.linalg.norm(matrix[part, part]) / np.sqrt(part.stop - part.start))


@pytest.mark.parametrize("kind", FITS)
def test_what_makes_a_person_s_occasions_differ_counts_for_less(data: Labelled, kind: str) -> None:
    learned = FITS[kind](data)
    assert weight(learned, NUISANCE) < 0.9 * weight(learned, IDENTITY)


def test_within_class_covariance_becomes_even(data: Labelled) -> None:
    """On the data that it was learned from, but for what shrinkage leaves."""
    matrix = fit_wccn(data)
    centres = means_by(data.whose, data.means, data.people)
    counts = np.bincount(data.whose)
    residuals = ((data.means - centres[data.whose]) @ matrix)[counts[data.whose] > 1]
    before = (data.means - centres[data.whose])[counts[data.whose] > 1]

    def unevenness(rows: np.ndarray) -> float:
        variances = np.linalg.eigvalsh(rows.T @ rows / len(rows))
        return float(variances[-1] / variances.mean())

    assert unevenness(residuals) < unevenness(before) / 2


def test_the_head_climbs_down_its_own_loss() -> None:
    """The slope is that of the loss, by differences."""
    few = labelled(MEMBERS[:6])
    rng = np.random.default_rng(0)
    prototypes = means_by(few.whose, few.means, few.people)
    own = prototypes[few.owner] + 0.1 * rng.normal(size=few.rows.shape)
    weights = np.eye(few.rows.shape[1]) + 0.01 * rng.normal(size=(few.rows.shape[1],) * 2)
    scale, margin = 7.0, 0.1

    def loss(matrix: np.ndarray) -> float:
        seen, theirs, everybody = (
            rows @ matrix / np.linalg.norm(rows @ matrix, axis=1, keepdims=True)
            for rows in (few.rows, own, prototypes)
        )
        here = np.arange(len(seen))
        logits = scale * seen @ everybody.T
        logits[here, few.owner] = scale * ((seen * theirs).sum(axis=1) - margin)
        return float((np.log(np.exp(logits).sum(axis=1)) - logits[here, few.owner]).mean())

    slope = _slope(weights, few.rows, own, prototypes, few.owner, scale, margin)
    for row, column in ((0, 0), (3, 50), (60, 2), (100, 100)):
        step = np.zeros_like(weights)
        step[row, column] = 1e-5
        by_difference = (loss(weights + step) - loss(weights - step)) / 2e-5
        assert slope[row, column] == pytest.approx(by_difference, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("kind", FITS)
def test_the_graph_is_what_was_chosen_and_the_same_bytes_each_time(
    pack: Pack, data: Labelled, kind: str
) -> None:
    matrix = FITS[kind](data)
    learnt = Learnt(pack.thresholds, Candidate(kind, matrix, 0.1), (), 1, 1)
    files = model_files(learnt, manifest_of(pack.model_id, MEMBERS), pack)
    assert files["projection.onnx"] == graph_of(FITS[kind](labelled(MEMBERS)))
    served = load_learned(files, pack).projection
    assert served is not None
    rows = unit(np.random.default_rng(0).normal(size=(50, 128)).astype(np.float32))
    expected = rows.astype(np.float64) @ matrix
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert served(rows) == pytest.approx(expected, abs=1e-5)
    (alone,) = session_on(files["projection.onnx"]).run(["projected"], {"embedding": rows})
    assert alone == pytest.approx(expected, abs=1e-5)
    assert projection_of(matrix)(rows) == pytest.approx(served(rows), abs=1e-6)
    declared = json.loads(files["model.json"])
    assert declared["projection"]["sha256"] == hashlib.sha256(files["projection.onnx"]).hexdigest()
    assert declared["data_version"] == hashlib.sha256(files[MANIFEST]).hexdigest()


def test_without_thresholds_there_is_no_projection_either(pack: Pack) -> None:
    learnt = Learnt(None, Candidate("wccn", np.eye(128), 0.1), (), 1, 1)
    files = model_files(learnt, manifest_of(pack.model_id, ()), pack)
    declared = json.loads(files["model.json"])
    assert (declared["thresholds"], declared["projection"]) == (None, None)
    assert "projection.onnx" not in files


def test_no_projection_wins_a_tie(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a projection changes nothing, it is not what is chosen."""
    from training import learning

    monkeypatch.setattr(learning, "FITS", {"wccn": lambda data: np.eye(data.rows.shape[1])})
    monkeypatch.setattr(learning, "DRAWS", 2)
    monkeypatch.setattr(learning, "VALIDATION_DRAWS", 2)
    members = school(pack.model_id, 250, 250, registrations=2, noise=1.0)
    parts = parts_of(members, pack, least_people=40)
    learnt = learn(parts, pack, lambda _line: None, kinds=(NONE, "wccn"), least_people=40)
    none, wccn = learnt.candidates
    assert none.validation_fnir == pytest.approx(wccn.validation_fnir)
    assert learnt.chosen.kind == NONE


def test_the_scale_of_a_projection_does_not_matter_and_its_digits_are_few() -> None:
    matrix = np.array([[2.0, 0.123456789], [0.0, 4.0]])
    assert tidy(matrix) == pytest.approx(tidy(7 * matrix))
    assert tidy(matrix)[0, 1] == 0.041152
