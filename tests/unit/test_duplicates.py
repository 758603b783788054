"""Whom a human must compare with a face that is to be enrolled."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.duplicates import MOST_SHOWN, Likeness, duplicates

likenesses = st.builds(
    Likeness,
    st.sampled_from(["ann", "ben", "cyd", "dan", "eve"]),
    st.floats(0, 1),
    st.sampled_from([0.5, 0.6]),
)


def alike(person_id: str, similarity: float, threshold: float = 0.5) -> Likeness:
    return Likeness(person_id, similarity, threshold)


def test_who_is_below_the_threshold_is_somebody_else() -> None:
    assert duplicates([alike("ann", 0.49), alike("ben", 0.5)], (), None) == (alike("ben", 0.5),)


def test_the_likest_come_first_by_how_far_they_are_above_their_thresholds() -> None:
    near, nearer = alike("ann", 0.65, 0.6), alike("ben", 0.6, 0.5)
    assert duplicates([near, nearer], (), None) == (nearer, near)


def test_a_person_who_is_enrolled_and_waits_too_is_named_once() -> None:
    assert duplicates([alike("ann", 0.7), alike("ann", 0.8)], (), None) == (alike("ann", 0.8),)


def test_who_was_told_apart_counts_only_where_the_face_is_no_more_like_the_person() -> None:
    zoe = alike("zoe", 0.9)
    assert duplicates([zoe], {"zoe"}, own_similarity=0.95) == ()
    assert duplicates([zoe], {"zoe"}, own_similarity=0.9) == (zoe,)
    assert duplicates([zoe], {"zoe"}, own_similarity=None) == (zoe,), "nothing speaks for the person"
    assert duplicates([zoe], {"ben"}, own_similarity=0.95) == (zoe,)


@given(st.lists(likenesses, max_size=12), st.randoms(use_true_random=False))
def test_their_order_decides_nothing_and_a_human_sees_a_few(some: list[Likeness], random) -> None:
    found = duplicates(some, (), None)
    random.shuffle(some)
    assert duplicates(some, (), None) == found
    assert len(found) <= MOST_SHOWN
    assert bool(found) == any(each.similarity >= each.threshold for each in some)
    assert len({each.person_id for each in found}) == len(found)
