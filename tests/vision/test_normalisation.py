"""Normalised scores against a slow reference that says in loops what they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from chalicelib.vision.normalisation import normalised, reference_rivalry
from chalicelib.vision.thresholds import Rivals

Rows = NDArray[np.float32]
DIMENSION = 8


def vectors(seed: int, count: int, different: int = 10_000) -> Rows:
    """(count, 8) unit norm; of few `different` ones, many are the same."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(min(count, different), DIMENSION))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return (
        rows[random.integers(0, len(rows), count)].astype(np.float32)
        if different < count
        else rows.astype("f")
    )


def axis(number: int) -> Rows:
    return np.eye(DIMENSION, dtype=np.float32)[number]


def scores_of(faces: Rows, references: Rows, cohort: Rows, rivals: Rivals) -> Rows:
    """(m, n), as matching asks for them."""
    rivalry = reference_rivalry(references, cohort, rivals.nearest)
    return normalised(faces @ references.T, faces @ cohort.T, rivalry, rivals)


def mean_of_nearest(of: Rows, others: list[Rows], nearest: int) -> float:
    similarities = sorted((float(np.dot(of.astype(float), other)) for other in others), reverse=True)
    return sum(similarities[:nearest]) / nearest


def slow_scores(faces: Rows, references: Rows, cohort: Rows, rivals: Rivals) -> NDArray[np.float64]:
    everybody = [*references, *cohort]
    scores = np.empty((len(faces), len(references)))
    for person, reference in enumerate(references):
        others = [other for number, other in enumerate(everybody) if number != person]
        of_reference = mean_of_nearest(reference, others, rivals.nearest)
        for number, face in enumerate(faces):
            of_face = mean_of_nearest(face, others, rivals.nearest)
            similarity = float(np.dot(face.astype(float), reference))
            scores[number, person] = (
                similarity - rivals.of_reference * of_reference - rivals.of_face * of_face
            )
    return scores


@given(
    seed=st.integers(0, 10_000),
    faces=st.integers(0, 4),
    people=st.integers(1, 7),
    nearest=st.integers(1, 5),
    more=st.integers(0, 4),
    different=st.sampled_from([1, 2, 3, 10_000]),
    weights=st.tuples(st.sampled_from([0, 0.3, 1]), st.sampled_from([0, 0.5, 1])),
)
def test_scores_are_those_of_the_slow_reference_ties_included(
    seed: int, faces: int, people: int, nearest: int, more: int, different: int, weights: tuple[float, float]
) -> None:
    rows = vectors(seed, faces + people + nearest + more, different)
    shown, references, cohort = np.split(rows, [faces, faces + people])
    rivals = Rivals(nearest, *weights, cohort=nearest)
    expected = slow_scores(shown, references, cohort, rivals)
    assert scores_of(shown, references, cohort, rivals) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("people", [1, 511, 512, 513, 1100])
def test_a_gallery_of_any_size_has_the_same_rivalry_as_in_one_piece(people: int) -> None:
    references, cohort = vectors(1, people), vectors(2, 5)
    similarities = references @ np.concatenate([references, cohort]).T
    similarities[np.arange(people), np.arange(people)] = -2
    expected = np.sort(similarities, axis=1)[:, -3:].mean(axis=1)
    assert reference_rivalry(references, cohort, 3) == pytest.approx(expected, abs=1e-6)


def test_nobody_is_their_own_rival() -> None:
    """At right angles to everybody else, each resembles nobody; oneself, at 1, would be the nearest."""
    references, cohort = np.eye(DIMENSION, dtype=np.float32)[:4], np.eye(DIMENSION, dtype=np.float32)[4:]
    assert reference_rivalry(references, cohort, 1).tolist() == [0] * 4
    scores = scores_of(references, references, cohort, Rivals(1, of_reference=1, of_face=1, cohort=4))
    assert np.diag(scores).tolist() == [1] * 4


def test_a_twin_on_the_roster_is_a_rival() -> None:
    twins = np.stack([axis(0), axis(0)])
    assert reference_rivalry(twins, axis(1)[None], 1).tolist() == [1, 1]


@given(seed=st.integers(0, 10_000), order=st.permutations(range(6)))
def test_the_order_of_the_cohort_changes_nothing(seed: int, order: list[int]) -> None:
    faces, references, cohort = np.split(vectors(seed, 14), [4, 8])
    rivals = Rivals(3, of_reference=0.4, of_face=0.6, cohort=6)
    straight = scores_of(faces, references, cohort, rivals)
    assert scores_of(faces, references, cohort[order], rivals) == pytest.approx(straight, abs=1e-6)


def test_a_face_that_resembles_everybody_scores_less_than_one_that_resembles_one() -> None:
    """Both are as similar to the first person; only one of them is as similar to all the others."""
    people = np.eye(DIMENSION, dtype=np.float32)
    everybody_s, one_s = np.full(DIMENSION, DIMENSION**-0.5, np.float32), np.zeros(DIMENSION, np.float32)
    one_s[0], one_s[7] = everybody_s[0], np.sqrt(1 - everybody_s[0] ** 2)
    rivals = Rivals(2, of_reference=0.0, of_face=1.0, cohort=3)
    common, peculiar = scores_of(np.stack([everybody_s, one_s]), people[:3], people[3:7], rivals)[:, 0]
    assert common == pytest.approx(0, abs=1e-6)
    assert peculiar == pytest.approx(everybody_s[0], abs=1e-6)


def test_a_person_who_resembles_everybody_is_held_to_more() -> None:
    """A face is as similar to both people; one of them resembles those elsewhere too."""
    common = (axis(0) + axis(2) + axis(3)) / np.float32(np.sqrt(3))
    peculiar = axis(1)
    face = common + peculiar
    face /= np.linalg.norm(face)
    cohort = np.stack([axis(2), axis(3)])
    rivals = Rivals(2, of_reference=0.5, of_face=0.0, cohort=2)
    ((of_common, of_peculiar),) = scores_of(face[None], np.stack([common, peculiar]), cohort, rivals)
    assert of_peculiar - of_common == pytest.approx(0.5 * 3**-0.5, abs=1e-6)


def test_a_stranger_who_is_in_the_cohort_is_pushed_down() -> None:
    stranger = ((axis(0) + axis(5)) / np.sqrt(2)).astype(np.float32)
    rivals = Rivals(1, of_reference=0.0, of_face=0.5, cohort=2)
    people, others = np.stack([axis(0), axis(1)]), np.stack([axis(2), axis(3)])
    with_them = np.stack([axis(2), stranger])
    unknown = scores_of(stranger[None], people, others, rivals)[0, 0]
    known = scores_of(stranger[None], people, with_them, rivals)[0, 0]
    assert unknown - known == pytest.approx(0.5, abs=1e-6)


@given(seed=st.integers(0, 10_000), people=st.integers(1, 6))
def test_without_weights_a_score_is_the_similarity(seed: int, people: int) -> None:
    faces, references, cohort = np.split(vectors(seed, people + 8), [3, 3 + people])
    scores = scores_of(faces, references, cohort, Rivals(2, of_reference=0, of_face=0, cohort=5))
    assert np.array_equal(scores, faces @ references.T)
