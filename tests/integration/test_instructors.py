"""Several instructors a course, several courses an instructor."""

from unittest import mock

import pytest

from chalicelib import wiring
from chalicelib.domain.errors import CourseNotFound, LimitReached, NotAnInstructor, PersonNotFound
from tests.support.world import World


def test_instructors_and_courses_are_found_from_both_sides(world: World) -> None:
    courses = wiring.courses()
    mathematics, music = world.add_course(), world.add_course("Music")
    ada, ben = world.add_person("Ada"), world.add_person("Ben", course_id=music)
    for course_id, person_id in ((mathematics, ada), (mathematics, ben), (music, ada), (music, ada)):
        courses.add_instructor(course_id, person_id)
    assert courses.instructors(mathematics) == (ada, ben)
    assert courses.instructors(music) == (ada,)
    assert courses.taught_by(ada) == (mathematics, music)
    assert (courses.taught_by(ben), courses.courses_of(ben)) == ((mathematics,), (music,))
    assert courses.roster(music) == (ben,)

    courses.remove_instructor(mathematics, ada)
    assert courses.instructors(mathematics) == (ben,)
    assert courses.taught_by(ada) == (music,)
    with pytest.raises(NotAnInstructor):
        courses.remove_instructor(mathematics, ada)


def test_who_teaches_changes_no_gallery(world: World) -> None:
    course_id, person_id = world.add_course(), world.add_person("Ada")
    before = wiring.courses().get(course_id).version, wiring.people().get(person_id).revision
    wiring.courses().add_instructor(course_id, person_id)
    assert (wiring.courses().get(course_id).version, wiring.people().get(person_id).revision) == before


def test_only_existing_people_teach_existing_courses(world: World) -> None:
    with pytest.raises(CourseNotFound):
        wiring.courses().add_instructor("crs_none", world.add_person("Ada"))
    with pytest.raises(PersonNotFound):
        wiring.courses().add_instructor(world.add_course(), "per_none")


@pytest.mark.parametrize("limit", ["MOST_COURSES_TAUGHT", "MOST_INSTRUCTORS"])
def test_teaching_has_limits_and_leaving_makes_room(world: World, limit: str) -> None:
    courses = wiring.courses()
    one_course, one_person = world.add_course(), world.add_person("Ada")
    pairs = [
        (world.add_course(), one_person)
        if limit == "MOST_COURSES_TAUGHT"
        else (one_course, world.add_person(name))
        for name in ("Ben", "Cem", "Dov")
    ]
    with mock.patch(f"chalicelib.adapters.dynamo.instructors.{limit}", 2):
        for pair in pairs[:2]:
            courses.add_instructor(*pair)
        with pytest.raises(LimitReached):
            courses.add_instructor(*pairs[2])
        courses.remove_instructor(*pairs[0])
        courses.add_instructor(*pairs[2])
