"""Matching on made-up embeddings: open-set, with a margin, one to one within a frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import TemplateRefused
from chalicelib.domain.sightings import Decision
from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.matching import Gallery, Match, match, reference, similarities
from chalicelib.vision.thresholds import Rivals

MODEL, DIMENSION = "model-1", 16


@dataclass(frozen=True)
class Thresholds:
    """Stricter with more occasions, as real ones are."""

    margin: float = 0.05
    lookalike_margin: float = 0.20

    def accept(self, enrolment_count: int) -> float:
        return 0.80 if enrolment_count == 1 else 0.85

    def review(self, enrolment_count: int) -> float:
        return self.accept(enrolment_count) - 0.10

    def confidence(self, score: float, enrolment_count: int, stranger_share: float) -> float:
        """Certain that only a stranger could be wrong from 0.5 above the threshold on; even at it."""
        excess = score - self.accept(enrolment_count)
        return (1 - stranger_share) * min(1.0, max(0.0, 0.5 + excess))


THRESHOLDS, STRANGERS = Thresholds(), 0.2
RIVALS = Rivals(nearest=2, of_reference=0.25, of_face=0.5, cohort=3)


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


def gallery(*templates: Template, cohort: Sequence[Template] = ()) -> Gallery:
    return Gallery.of(templates, MODEL, DIMENSION, RIVALS, cohort)


def matched(embeddings: list[np.ndarray], people: Gallery) -> list[Match]:
    return match(np.stack(embeddings), people, THRESHOLDS, STRANGERS)


ANN, BEN = template("ann", axis(0)), template("ben", axis(1))
PEOPLE = gallery(ANN, BEN)


def test_a_person_on_the_roster_is_accepted() -> None:
    (found,) = matched([towards(axis(0), 0.9, axis(5))], PEOPLE)
    assert found == Match(
        candidate="ann",
        similarity=pytest.approx(0.9),
        score=pytest.approx(0.9),
        margin=pytest.approx(0.9),
        threshold=0.8,
        confidence=pytest.approx(0.8 * 0.6),
        decision=Decision.ACCEPTED,
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
    assert found.confidence == pytest.approx(0.8 * 0.47)


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


LIKE_ANN = towards(axis(0), 0.9, axis(1))  # a face of Ann's is 0.1 more like her


@pytest.mark.parametrize(
    ("told_apart", "decision"),
    [
        ({}, Decision.ACCEPTED),
        ({"ann": frozenset({"zoe"}), "zoe": frozenset({"ann"})}, Decision.REVIEW),
        ({"zoe": frozenset({"ann"})}, Decision.REVIEW),
        ({"ann": frozenset({"ben"})}, Decision.ACCEPTED),
        ({"ann": frozenset({"a twin on no roster"})}, Decision.ACCEPTED),
    ],
)
def test_look_alikes_need_the_larger_margin(told_apart: dict, decision: Decision) -> None:
    people = Gallery.of(
        [ANN, BEN, template("zoe", LIKE_ANN)], MODEL, DIMENSION, RIVALS, lookalikes=told_apart
    )
    (found,) = matched([axis(0)], people)
    assert (found.candidate, found.decision) == ("ann", decision)
    assert found.margin == pytest.approx(0.1)


def test_a_look_alike_behind_the_runner_up_counts_too() -> None:
    near = template("cyd", towards(axis(0), 0.92, axis(2)))
    told_apart = {"ann": frozenset({"zoe"})}
    people = Gallery.of([ANN, near, template("zoe", LIKE_ANN)], MODEL, DIMENSION, None, lookalikes=told_apart)
    (found,) = matched([axis(0)], people)
    assert (found.margin, found.decision) == (pytest.approx(0.08), Decision.REVIEW)


def test_a_look_alike_well_behind_is_no_obstacle() -> None:
    far = template("zoe", towards(axis(0), 0.7, axis(1)))
    people = Gallery.of([ANN, far], MODEL, DIMENSION, None, lookalikes={"ann": frozenset({"zoe"})})
    (found,) = matched([axis(0)], people)
    assert found.decision is Decision.ACCEPTED


def test_templates_are_compared_as_galleries_compare_them() -> None:
    found = similarities(ANN, [BEN, template("zoe", LIKE_ANN)], MODEL, DIMENSION)
    assert found.tolist() == pytest.approx([0.0, 0.9])
    assert similarities(ANN, [], MODEL, DIMENSION).shape == (0,)
    with pytest.raises(TemplateRefused):
        similarities(ANN, [template("old", axis(0), model_id="model-0")], MODEL, DIMENSION)


def test_a_roster_of_one_has_its_score_for_a_margin() -> None:
    alone = gallery(ANN)
    near, far = matched([towards(axis(0), 0.9, axis(5))], alone) + matched([axis(3)], alone)
    assert near.margin == near.score
    assert near.decision is Decision.ACCEPTED
    assert far.decision is Decision.UNKNOWN


def test_an_empty_gallery_knows_nobody() -> None:
    found = matched([axis(0), axis(1)], gallery())
    assert [(one.candidate, one.decision, one.confidence) for one in found] == [
        (None, Decision.UNKNOWN, 0)
    ] * 2


def test_no_faces_match_nobody() -> None:
    assert match(np.empty((0, DIMENSION), np.float32), PEOPLE, THRESHOLDS, STRANGERS) == []


def test_a_person_twice_in_one_frame_is_marked_once() -> None:
    mirror, face = towards(axis(0), 0.9, axis(5)), towards(axis(0), 0.95, axis(6))
    reflected, real = matched([mirror, face], PEOPLE)
    assert (real.candidate, real.decision) == ("ann", Decision.ACCEPTED)
    assert (reflected.candidate, reflected.decision, reflected.confidence) == (None, Decision.UNKNOWN, 0)


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
        match(np.zeros((2, 8), np.float32), PEOPLE, THRESHOLDS, STRANGERS)
    with pytest.raises(ValueError, match="finite"):
        match(np.full((1, DIMENSION), np.nan, np.float32), PEOPLE, THRESHOLDS, STRANGERS)


# With a cohort: the directions 8 and up are of people enrolled elsewhere.

COHORT = [template(f"elsewhere-{number}", axis(number)) for number in (8, 9, 10)]
ANN_S_FACE = towards(axis(0), 0.9, axis(5))


def test_with_fewer_people_elsewhere_than_the_model_asks_for_a_score_is_the_similarity() -> None:
    people = gallery(ANN, BEN, cohort=COHORT[:2])
    assert (people.normalises, people.cohort.shape, people.rivalry.shape) == (False, (0, DIMENSION), (0,))
    assert matched([ANN_S_FACE], people) == matched([ANN_S_FACE], PEOPLE)


def test_a_model_that_names_no_rivals_never_normalises() -> None:
    people = Gallery.of([ANN, BEN], MODEL, DIMENSION, cohort=COHORT)
    assert (people.normalises, len(people.cohort)) == (False, 0)
    assert matched([ANN_S_FACE], people) == matched([ANN_S_FACE], PEOPLE)


def test_with_exactly_as_many_scores_are_normalised_and_similarities_stay() -> None:
    """The face resembles nobody but Ann and, by .44, one of those elsewhere; Ann resembles two of them."""
    relative = template("elsewhere-11", towards(axis(0), 0.4, axis(11)))
    cousin = template("elsewhere-12", towards(axis(0), 0.2, axis(12)))
    face = towards(axis(0), 0.9, axis(8))
    people = gallery(ANN, BEN, cohort=[COHORT[0], relative, cousin])
    assert people.normalises
    (found,) = matched([face], people)
    of_ann, of_face = (0.4 + 0.2) / 2, (np.sqrt(1 - 0.9**2) + 0.9 * 0.4) / 2
    assert found.similarity == pytest.approx(0.9)
    assert found.score == pytest.approx(0.9 - 0.25 * of_ann - 0.5 * of_face, abs=1e-6)
    # Ben resembles nobody; the face's rivals for him are Ann and the nearest of those elsewhere.
    of_ben = 0 - 0.5 * (0.9 + np.sqrt(1 - 0.9**2)) / 2
    assert found.margin == pytest.approx(found.score - of_ben, abs=1e-6)


def test_who_is_on_the_roster_is_not_taken_into_the_cohort() -> None:
    assert not gallery(ANN, BEN, cohort=[ANN, *COHORT[:2]]).normalises
    among = gallery(ANN, BEN, cohort=[COHORT[0], BEN, *COHORT[1:], ANN])
    alone = gallery(ANN, BEN, cohort=COHORT)
    assert np.array_equal(among.cohort, alone.cohort)
    assert matched([ANN_S_FACE], among) == matched([ANN_S_FACE], alone)


def test_of_more_than_it_asks_for_a_model_takes_the_first() -> None:
    more = gallery(ANN, BEN, cohort=[*COHORT, template("elsewhere-0", axis(0))])
    assert np.array_equal(more.cohort, gallery(ANN, BEN, cohort=COHORT).cohort)


def test_a_stranger_who_is_enrolled_elsewhere_is_not_taken_for_somebody_here() -> None:
    """A face as near to Ann as the threshold asks; but it is nearer still to somebody elsewhere."""
    double = towards(axis(0), 0.85, axis(11))
    assert matched([double], PEOPLE)[0].decision is Decision.ACCEPTED
    known = gallery(ANN, BEN, cohort=[*COHORT[:2], template("elsewhere-11", double)])
    unknown = gallery(ANN, BEN, cohort=COHORT)
    assert matched([double], unknown)[0].decision is Decision.ACCEPTED
    assert matched([double], known)[0].decision is Decision.UNKNOWN


def test_an_empty_roster_with_a_cohort_knows_nobody() -> None:
    (found,) = matched([axis(8)], gallery(cohort=COHORT))
    assert (found.candidate, found.decision) == (None, Decision.UNKNOWN)


def test_a_roster_of_one_with_a_cohort_has_its_score_for_a_margin() -> None:
    (found,) = matched([ANN_S_FACE], gallery(ANN, cohort=COHORT))
    assert found.margin == found.score == pytest.approx(0.9)


def test_a_cohort_of_another_model_is_refused() -> None:
    other = template("elsewhere-8", axis(8), model_id="model-2")
    with pytest.raises(TemplateRefused):
        gallery(ANN, BEN, cohort=[other, *COHORT[1:]])


# Properties. Vectors from seeds, so that they have no accidental ties.


def vectors(seed: int, count: int) -> np.ndarray:
    """(count, 16) float32, unit norm."""
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Scene:
    """A roster, people elsewhere (often too few of them to be a cohort), and a frame's faces."""

    roster: list[Template]
    elsewhere: list[Template]
    faces: np.ndarray

    @property
    def gallery(self) -> Gallery:
        return gallery(*self.roster, cohort=self.elsewhere)

    def found(self) -> list[Match]:
        return match(self.faces, self.gallery, THRESHOLDS, STRANGERS)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Faces of people of the roster, more or less alike, and of strangers."""
    seed, people, faces = draw(st.integers(0, 10_000)), draw(st.integers(0, 6)), draw(st.integers(0, 6))
    others = vectors(seed + 40_000, draw(st.integers(0, 6)))
    references, strangers = vectors(seed, people), vectors(seed + 20_000, faces)
    templates = [template(f"person-{number}", row) for number, row in enumerate(references)]
    rows = []
    for stranger in strangers:
        whose = draw(st.integers(-1, people - 1))
        mixed = stranger if whose < 0 else references[whose] + draw(st.floats(0.01, 2)) * stranger
        rows.append(mixed / np.linalg.norm(mixed))
    elsewhere = [template(f"elsewhere-{number}", row) for number, row in enumerate(others)]
    return Scene(templates, elsewhere, np.array(rows, np.float32).reshape(faces, DIMENSION))


def rounded(found: Match) -> tuple[object, ...]:
    return (
        found.candidate,
        found.decision,
        round(found.similarity, 6),
        round(found.margin, 6),
        found.threshold,
    )


@given(scene=scenes(), random=st.randoms(use_true_random=False))
def test_the_order_of_the_gallery_changes_nothing(scene: Scene, random: Random) -> None:
    shuffled = scene.roster.copy()
    random.shuffle(shuffled)
    assert replace(scene, roster=shuffled).found() == scene.found()


@given(scene=scenes(), random=st.randoms(use_true_random=False))
def test_the_order_of_the_faces_changes_nothing(scene: Scene, random: Random) -> None:
    order = list(range(len(scene.faces)))
    random.shuffle(order)
    straight = scene.found()
    assert [rounded(found) for found in replace(scene, faces=scene.faces[order]).found()] == [
        rounded(straight[face]) for face in order
    ]


@given(scene=scenes())
def test_a_person_is_the_candidate_of_at_most_one_face(scene: Scene) -> None:
    found = scene.found()
    candidates = [one.candidate for one in found if one.candidate is not None]
    assert len(candidates) == len(set(candidates))
    assert len(found) == len(scene.faces)
    assert set(candidates) <= {template.person_id for template in scene.roster}


@given(scene=scenes())
def test_every_decision_follows_from_its_figures(scene: Scene) -> None:
    for found in scene.found():
        enough = found.score >= found.threshold and found.margin >= THRESHOLDS.margin
        if found.decision is Decision.ACCEPTED:
            assert found.candidate is not None
            assert enough
        if found.decision is Decision.REVIEW:
            assert found.candidate is not None
            assert not enough
            assert found.score >= found.threshold - 0.10 - 1e-9
        if found.candidate is not None and enough:
            assert found.decision is Decision.ACCEPTED


@given(scene=scenes())
def test_scores_are_normalised_if_and_only_if_there_is_a_whole_cohort(scene: Scene) -> None:
    whole = len(scene.elsewhere) >= RIVALS.cohort
    assert scene.gallery.normalises is whole
    if not whole:
        assert all(found.score == found.similarity for found in scene.found())


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), elsewhere=st.sampled_from([0, 10]))
def test_noise_is_never_accepted(seed: int, elsewhere: int) -> None:
    noise = np.random.default_rng(seed).normal(size=(80, 128)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    templates = [template(f"person-{number}", row) for number, row in enumerate(noise[:50])]
    cohort = [template(f"elsewhere-{number}", row) for number, row in enumerate(noise[70:][:elsewhere])]
    people = Gallery.of(templates, MODEL, 128, RIVALS, cohort)
    found = match(noise[50:70], people, THRESHOLDS, STRANGERS)
    assert {one.decision for one in found} == {Decision.UNKNOWN}
