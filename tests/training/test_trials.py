"""Trials on made-up people: who meets whom, what counts as a miss, and that decisions are the service's own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.sightings import Decision
from chalicelib.vision.matching import match
from chalicelib.vision.pack import Pack
from chalicelib.vision.recogniser import HOPELESS_QUALITY
from chalicelib.vision.thresholds import Rivals
from tests.training.made_up import Crowd, axis, crowd, like, person, seen, thresholds, together
from training.photos import WrongSets
from training.trials import COUNTS, Draw, cohort_of, draw_of, draws, gallery_of, template_of

RIVALS = Rivals(nearest=2, of_reference=0.2, of_face=0.4, cohort=20)
PEOPLE, STRANGERS, OTHERS = crowd("p", 14, 6, 1), crowd("s", 25, 1, 2), crowd("c", 20, 2, 3)
WORLD = together(PEOPLE, STRANGERS, OTHERS)


def drawn(pack: Pack, count: int, size: int = 9, seed: int = 0, number: int = 4) -> list[Draw]:
    return list(
        draws(
            PEOPLE.people,
            STRANGERS.people,
            WORLD.features,
            pack,
            count=count,
            size=size,
            number=number,
            seed=seed,
        )
    )


def test_every_enrolment_count_meets_the_same_people_and_faces_in_galleries_of_one_size(pack: Pack) -> None:
    for one, two, three in zip(*(drawn(pack, count) for count in COUNTS), strict=True):
        assert one.people == two.people == three.people
        assert len({each.name for each in one.people}) == len(one.gallery.person_ids) == 9
        for faces in (two, three):
            assert np.array_equal(faces.mated.subject, one.mated.subject)
            assert np.array_equal(faces.nonmated.subject, one.nonmated.subject)
        assert len(one.mated.subject) == 9 * 3
        assert [set(each.gallery.enrolment_counts) for each in (one, two, three)] == [{1}, {2}, {3}]


def test_rosters_differ_from_draw_to_draw_and_from_seed_to_seed_only(pack: Pack) -> None:
    rosters = [each.people for each in drawn(pack, 1)]
    assert len(set(rosters)) == 4
    assert rosters == [each.people for each in drawn(pack, 1)]
    assert rosters != [each.people for each in drawn(pack, 1, seed=1)]


def test_more_people_than_there_are_cannot_be_drawn(pack: Pack) -> None:
    assert len(drawn(pack, 1, size=14, number=1)[0].people) == 14
    with pytest.raises(WrongSets, match="15 cannot be drawn from 14"):
        drawn(pack, 1, size=15)


def test_people_of_whom_no_face_is_found_make_no_gallery(pack: Pack) -> None:
    nobody = together(*(person(name, *[None] * 4) for name in "abc"))
    some = draws(nobody.people, STRANGERS.people, nobody.features | STRANGERS.features, pack, count=1, size=3)
    with pytest.raises(WrongSets, match="fewer than two"):
        next(some)


def test_who_is_on_the_roster_is_no_stranger_to_it(pack: Pack) -> None:
    (one,) = draws(PEOPLE.people, PEOPLE.people, WORLD.features, pack, count=1, size=9, number=1)
    off_roster = {PEOPLE.people[each].name for each in one.nonmated.subject}
    assert len(off_roster) == 5
    assert not off_roster & set(one.gallery.person_ids)


def test_a_template_is_of_the_first_photos_in_which_a_face_was_found() -> None:
    ann = person("ann", None, seen(axis(1)), seen(axis(2)), seen(axis(3)))
    assert template_of(ann.people[0], 1, ann.features, "m") is None
    two, three = (template_of(ann.people[0], count, ann.features, "m") for count in (2, 3))
    assert two is not None
    assert three is not None
    assert (two.enrolment_count, three.enrolment_count) == (1, 2)


def test_a_cohort_is_of_all_its_people_s_photos_and_not_in_the_order_of_their_names() -> None:
    templates = cohort_of(OTHERS.people, OTHERS.features, "m")
    names = [each.person_id for each in templates]
    assert sorted(names) == [each.name for each in OTHERS.people] != names
    assert {each.enrolment_count for each in templates} == {2}


def test_faces_by_hand(pack: Pack) -> None:
    """Ann is found and right; Ben has no face; Cat resembles Ann; Dan could not be enrolled."""
    world, strangers = by_hand()
    gallery = gallery_of(world.people, world.features, pack, 1)
    one = draw_of(world.people, range(4), strangers.people, world.features | strangers.features, gallery)
    assert gallery.person_ids == ("ann", "ben", "cat")
    assert one.mated.subject.tolist() == [0, 1, 2, 3]
    assert one.mated.right.tolist() == [True, False, False, False]
    assert one.mated.top == pytest.approx([0.9, -np.inf, 0.85, 0.5], abs=1e-6)
    assert one.mated.margin == pytest.approx([0.9, 0, 0.85, 0.5], abs=1e-6)
    assert one.nonmated.top == pytest.approx([0.85, 0.1, -np.inf, 0.5], abs=1e-6)


def test_a_face_that_was_not_found_is_nobody_s_not_the_first_s_on_the_roster(pack: Pack) -> None:
    world = together(person("ann", *[seen(axis(0))] * 3, None), person("ben", *[seen(axis(1))] * 4))
    gallery = gallery_of(world.people, world.features, pack, 1)
    assert draw_of(world.people, [0], (), world.features, gallery).mated.right.tolist() == [False]


def by_hand() -> tuple[Crowd, Crowd]:
    """Each person of one axis, with one look; four strangers, one of them very like Ben."""
    people = together(
        person("ann", *[seen(axis(0))] * 3, like(0, 0.9, 10)),
        person("ben", *[seen(axis(1))] * 3, None),
        person("cat", *[seen(axis(2))] * 3, like(0, 0.85, 11)),
        person("dan", None, None, None, like(0, 0.5, 12)),
    )
    strangers = together(
        person("s1", like(1, 0.85, 13)),
        person("s2", like(1, 0.1, 14)),
        person("s3", None),
        person("s4", like(2, 0.5, 15)),
    )
    return people, strangers


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.sampled_from(COUNTS), with_cohort=st.booleans())
def test_decisions_are_those_of_the_service_face_by_face(
    pack: Pack, seed: int, count: int, with_cohort: bool
) -> None:
    people, strangers = crowd("p", 8, 5, seed), crowd("s", 12, 1, seed + 1)
    features = together(people, strangers, OTHERS).features
    features[people.people[0].photos[0]] = None  # so that not all have as many enrolments
    cohort = cohort_of(OTHERS.people, features, pack.model_id) if with_cohort else ()
    gallery = gallery_of(people.people, features, pack, count, RIVALS, cohort)
    one = draw_of(people.people, range(8), strangers.people, features, gallery)
    accept = 0.15 if with_cohort else 0.5
    operating = thresholds(accept, 0.03, RIVALS).operating(
        len(gallery.person_ids), normalised=gallery.normalises
    )
    assert gallery.normalises == with_cohort
    for faces, photos, owners in (
        (one.mated, [photo for each in people.people for photo in each.photos[3:]], people.people),
        (one.nonmated, [each.photos[0] for each in strangers.people], strangers.people),
    ):
        excess = faces.excess(operating)
        for number, photo in enumerate(photos):
            found = features[photo]
            assert found is not None
            (said,) = match(found.embedding[None], gallery, operating, 0.1)
            assert (excess[number] >= 0) == (said.decision is Decision.ACCEPTED)
            assert faces.right[number] == (said.candidate == owners[faces.subject[number]].name)
            assert faces.top[number] == pytest.approx(said.score, abs=1e-6)
            assert faces.margin[number] == pytest.approx(said.margin, abs=1e-6)


def test_a_view_that_the_service_finds_hopeless_is_not_accepted_here_either(pack: Pack) -> None:
    world = together(person("ann", *[seen(axis(0))] * 4), person("ben", *[seen(axis(1))] * 4))
    operating = thresholds().operating(2, normalised=False)

    def accepted(quality: float) -> bool:
        features = {**world.features, world.people[0].photos[3]: seen(axis(0), quality)}
        gallery = gallery_of(world.people, features, pack, 1)
        return bool(draw_of(world.people, [0], (), features, gallery).mated.excess(operating)[0] >= 0)

    assert accepted(HOPELESS_QUALITY)
    assert not accepted(HOPELESS_QUALITY - 0.01)


def test_the_thresholds_of_the_pack_are_those_of_the_roster_s_size_and_the_enrolment_count(
    pack: Pack,
) -> None:
    strict = replace(pack, thresholds=thresholds(0.5, 0.0))
    (one,) = drawn(strict, 3, number=1)
    operating = strict.thresholds.operating(9, normalised=False)
    assert one.mated.excess(operating) == pytest.approx(one.mated.top - operating.accept(3))
    assert operating.accept(3) > operating.accept(1)
