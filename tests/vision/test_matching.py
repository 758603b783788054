"""Matching on made-up embeddings: open-set, with a margin, one to one within a frame."""

from dataclasses import dataclass
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import TemplateRefused
from chalicelib.domain.sightings import Decision
from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.matching import Gallery, Match, match, reference

MODEL, DIMENSION = "model-1", 16


@dataclass(frozen=True)
class Thresholds:
    """Stricter with more occasions, as real ones are."""

    margin: float = 0.05

    def accept(self, enrolment_count: int) -> float:
        return 0.80 if enrolment_count == 1 else 0.85

    def review(self, enrolment_count: int) -> float:
        return self.accept(enrolment_count) - 0.10


THRESHOLDS = Thresholds()


def axis(number: int) -> np.ndarray:
    """(16,) a unit vector at right angles to every other."""
    return np.eye(DIMENSION, dtype=np.float32)[number]


def towards(target: np.ndarray, similarity: float, aside: np.ndarray) -> np.ndarray:
    """(16,) unit norm, of this similarity to `target`; `aside` is at right angles to it."""
    return (similarity * target + np.sqrt(1 - similarity**2) * aside).astype(np.float32)


def template(person_id: str, *views: np.ndarray, model_id: str = MODEL) -> Template:
    """One occasion of these views."""
    return Template(person_id, model_id, (occasion(*views),))


def occasion(*views: np.ndarray) -> Occasion:
    return Occasion("registration", tuple(np.asarray(view, "<f4").tobytes() for view in views))


def gallery(*templates: Template) -> Gallery:
    return Gallery.of(templates, MODEL, DIMENSION)


def matched(embeddings: list[np.ndarray], people: Gallery) -> list[Match]:
    return match(np.stack(embeddings), people, THRESHOLDS)


ANN, BEN = template("ann", axis(0)), template("ben", axis(1))
PEOPLE = gallery(ANN, BEN)


def test_a_person_on_the_roster_is_accepted() -> None:
    (found,) = matched([towards(axis(0), 0.9, axis(5))], PEOPLE)
    assert found == Match(
        "ann", pytest.approx(0.9), pytest.approx(0.9), pytest.approx(0.9), 0.8, Decision.ACCEPTED
    )


@pytest.mark.parametrize(
    ("similarity", "decision"),
    [(0.81, Decision.ACCEPTED), (0.79, Decision.REVIEW), (0.71, Decision.REVIEW), (0.69, Decision.UNKNOWN)],
)
def test_between_the_thresholds_a_human_decides(similarity: float, decision: Decision) -> None:
    (found,) = matched([towards(axis(0), similarity, axis(5))], PEOPLE)
    assert (found.candidate, found.decision) == ("ann", decision)


def test_the_threshold_is_that_of_the_candidate_s_number_of_occasions() -> None:
    twice = Template("ann", MODEL, (occasion(axis(0)), occasion(axis(0))))
    (found,) = matched([towards(axis(0), 0.82, axis(5))], gallery(twice, BEN))
    assert (found.threshold, found.decision) == (0.85, Decision.REVIEW)


def test_a_stranger_is_unknown() -> None:
    (found,) = matched([axis(9)], PEOPLE)
    assert found.decision is Decision.UNKNOWN


def test_twins_are_reviewed_not_accepted() -> None:
    twins = gallery(template("ann", axis(0)), template("zoe", axis(0)), BEN)
    (found,) = matched([axis(0)], twins)
    assert found.margin == pytest.approx(0)
    assert found.decision is Decision.REVIEW


def test_which_twin_is_the_candidate_does_not_depend_on_their_order() -> None:
    ann, zoe = template("ann", axis(0)), template("zoe", axis(0))
    assert matched([axis(0)], gallery(ann, zoe)) == matched([axis(0)], gallery(zoe, ann))


def test_a_margin_just_wide_enough_is_accepted() -> None:
    lookalike = towards(axis(0), 0.94, axis(1))
    (found,) = matched([axis(0)], gallery(template("ann", axis(0)), template("zoe", lookalike)))
    assert found.margin == pytest.approx(0.06, abs=1e-6)
    assert found.decision is Decision.ACCEPTED


def test_a_roster_of_one_has_its_score_for_a_margin() -> None:
    alone = gallery(ANN)
    near, far = matched([towards(axis(0), 0.9, axis(5))], alone) + matched([axis(3)], alone)
    assert near.margin == near.score
    assert near.decision is Decision.ACCEPTED
    assert far.decision is Decision.UNKNOWN


def test_an_empty_gallery_knows_nobody() -> None:
    found = matched([axis(0), axis(1)], gallery())
    assert [(one.candidate, one.decision) for one in found] == [(None, Decision.UNKNOWN)] * 2


def test_no_faces_match_nobody() -> None:
    assert match(np.empty((0, DIMENSION), np.float32), PEOPLE, THRESHOLDS) == []


def test_a_person_twice_in_one_frame_is_marked_once() -> None:
    mirror, face = towards(axis(0), 0.9, axis(5)), towards(axis(0), 0.95, axis(6))
    reflected, real = matched([mirror, face], PEOPLE)
    assert (real.candidate, real.decision) == ("ann", Decision.ACCEPTED)
    assert (reflected.candidate, reflected.decision) == (None, Decision.UNKNOWN)


def test_a_face_that_lost_its_person_is_not_taken_for_the_second_best() -> None:
    close = gallery(template("ann", axis(0)), template("zoe", towards(axis(0), 0.97, axis(1))))
    lesser, greater = matched([towards(axis(0), 0.98, axis(5)), axis(0)], close)
    assert greater.candidate == "ann"
    assert (lesser.candidate, lesser.decision) == (None, Decision.UNKNOWN)


def test_equally_similar_faces_are_decided_by_their_order() -> None:
    first, second = matched([axis(0), axis(0)], PEOPLE)
    assert (first.candidate, second.candidate) == ("ann", None)


def test_a_reference_is_the_mean_of_occasions_however_many_views_they_have() -> None:
    clip = occasion(*[axis(0)] * 5)
    photo = occasion(axis(1))
    expected = (axis(0) + axis(1)) / np.sqrt(2)
    assert reference(Template("ann", MODEL, (clip, photo)), MODEL, DIMENSION) == pytest.approx(expected)


def test_views_of_any_length_weigh_the_same_within_the_gallery() -> None:
    people = gallery(template("ann", 7 * axis(0)), template("ben", 0.1 * axis(1)))
    assert np.linalg.norm(people.references, axis=1) == pytest.approx([1, 1])


@pytest.mark.parametrize(
    "broken",
    [
        template("ann", axis(0), model_id="model-2"),
        template("ann", axis(0)[:8]),
        template("ann", np.full(DIMENSION, np.nan)),
        template("ann", np.full(DIMENSION, np.inf)),
        template("ann", np.zeros(DIMENSION)),
        template("ann", axis(0), -axis(0)),
        template("ann"),
        Template("ann", MODEL, ()),
        Template("ann", MODEL, (Occasion("registration", (b"abc",)),)),
    ],
    ids=["model", "dimension", "nan", "inf", "zero", "cancelling", "no view", "no occasion", "bytes"],
)
def test_a_template_that_the_model_cannot_have_made_is_refused(broken: Template) -> None:
    with pytest.raises(TemplateRefused):
        gallery(broken, BEN)


def test_a_person_cannot_have_two_templates() -> None:
    with pytest.raises(TemplateRefused):
        gallery(ANN, ANN)


def test_embeddings_of_another_shape_or_not_finite_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="references"):
        match(np.zeros((2, 8), np.float32), PEOPLE, THRESHOLDS)
    with pytest.raises(ValueError, match="finite"):
        match(np.full((1, DIMENSION), np.nan, np.float32), PEOPLE, THRESHOLDS)


# Properties. Vectors from seeds, so that they have no accidental ties.


def vectors(seed: int, count: int) -> np.ndarray:
    """(count, 16) float32, unit norm."""
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Template], np.ndarray]:
    """People, and a frame's faces: some theirs, more or less alike, some of strangers."""
    seed, people, faces = draw(st.integers(0, 10_000)), draw(st.integers(0, 6)), draw(st.integers(0, 6))
    references, strangers = vectors(seed, people), vectors(seed + 20_000, faces)
    templates = [template(f"person-{number}", row) for number, row in enumerate(references)]
    rows = []
    for stranger in strangers:
        whose = draw(st.integers(-1, people - 1))
        mixed = stranger if whose < 0 else references[whose] + draw(st.floats(0.01, 2)) * stranger
        rows.append(mixed / np.linalg.norm(mixed))
    return templates, np.array(rows, np.float32).reshape(faces, DIMENSION)


def rounded(found: Match) -> tuple[object, ...]:
    return (
        found.candidate,
        found.decision,
        round(found.similarity, 6),
        round(found.margin, 6),
        found.threshold,
    )


@given(scene=scenes(), random=st.randoms(use_true_random=False))
def test_the_order_of_the_gallery_changes_nothing(
    scene: tuple[list[Template], np.ndarray], random: Random
) -> None:
    templates, faces = scene
    shuffled = templates.copy()
    random.shuffle(shuffled)
    assert match(faces, gallery(*shuffled), THRESHOLDS) == match(faces, gallery(*templates), THRESHOLDS)


@given(scene=scenes(), random=st.randoms(use_true_random=False))
def test_the_order_of_the_faces_changes_nothing(
    scene: tuple[list[Template], np.ndarray], random: Random
) -> None:
    templates, faces = scene
    order = list(range(len(faces)))
    random.shuffle(order)
    people = gallery(*templates)
    straight = match(faces, people, THRESHOLDS)
    assert [rounded(found) for found in match(faces[order], people, THRESHOLDS)] == [
        rounded(straight[face]) for face in order
    ]


@given(scene=scenes())
def test_a_person_is_the_candidate_of_at_most_one_face(scene: tuple[list[Template], np.ndarray]) -> None:
    templates, faces = scene
    found = match(faces, gallery(*templates), THRESHOLDS)
    candidates = [one.candidate for one in found if one.candidate is not None]
    assert len(candidates) == len(set(candidates))
    assert len(found) == len(faces)


@given(scene=scenes())
def test_every_decision_follows_from_its_figures(scene: tuple[list[Template], np.ndarray]) -> None:
    templates, faces = scene
    for found in match(faces, gallery(*templates), THRESHOLDS):
        enough = found.score >= found.threshold and found.margin >= THRESHOLDS.margin
        if found.decision is Decision.ACCEPTED:
            assert found.candidate is not None
            assert enough
        if found.decision is Decision.REVIEW:
            assert found.candidate is not None
            assert not enough
            assert found.score >= found.threshold - 0.10 - 1e-9


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000))
def test_noise_is_never_accepted(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(size=(70, 128)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    templates = [template(f"person-{number}", row) for number, row in enumerate(noise[:50])]
    found = match(noise[50:], Gallery.of(templates, MODEL, 128), THRESHOLDS)
    assert {one.decision for one in found} == {Decision.UNKNOWN}
