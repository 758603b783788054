"""People and courses are changed, archived, restored, and found by what other systems call them."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.domain.courses import Course
from chalicelib.domain.errors import (
    CourseArchived,
    CourseInUse,
    ExternalIdTaken,
    InvalidRequest,
    LimitReached,
    PersonArchived,
    PreconditionFailed,
)
from chalicelib.domain.people import Person
from chalicelib.domain.rosters import MOST_COURSES_OF_A_PERSON
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.services.add_course import add_course
from chalicelib.services.add_person import add_person
from chalicelib.services.archive_course import archive_course, restore_course
from chalicelib.services.archive_person import archive_person, restore_person
from chalicelib.services.find_course import find_course
from chalicelib.services.find_person import find_person
from chalicelib.services.update_course import update_course
from chalicelib.services.update_person import update_person
from tests.support.crashes import watched
from tests.support.fakes import clip, picture
from tests.support.world import World


def update(
    person_id: str, *, name: str | None = None, revision: int | None = None, **ids: str | None
) -> Person:
    return update_person(person_id, name=name, external_ids=ids, revision=revision, people=wiring.people())


def change(course_id: str, **changes: Any) -> Course:
    unchanged = {"name": None, "time_zone": None, "external_ids": {}, "version": None}
    courses, sessions = wiring.courses(), wiring.sessions()
    return update_course(course_id, **unchanged | changes, courses=courses, sessions=sessions)


def archive(world: World, name: str) -> None:
    archive_person(world.people[name], people=wiring.people(), clock=world.clock)


def archive_whole(world: World, course_id: str) -> Course:
    return archive_course(course_id, courses=wiring.courses(), sessions=wiring.sessions(), clock=world.clock)


def post(world: World, session_id: str, shown: bytes) -> None:
    frame = world.post_frame(session_id, shown)
    assert on_frame_uploaded(world.event(frame.key), None) == {"batchItemFailures": []}


def test_a_person_is_found_by_every_external_id_and_by_none_given_up(world: World) -> None:
    people = wiring.people()
    ada = add_person("Ada", people=people, clock=world.clock, external_ids={"sis": "A#17"}).person_id
    update(ada, moodle=" 123 ")
    for pair in (("sis", "A#17"), ("moodle", "123")):
        assert find_person(*pair, people=people) == people.get(ada)
    update(ada, sis=None, moodle="124")
    for pair in (("sis", "A#17"), ("moodle", "123")):
        assert find_person(*pair, people=people) is None
    with pytest.raises(InvalidRequest):
        find_person("moodle#124", "x", people=people)
    assert people.get(ada).external_ids == {"moodle": "124"}


def test_an_external_id_is_one_persons_and_can_be_passed_on(world: World) -> None:
    people = wiring.people()
    ada, ben = world.add_person("Ada"), world.add_person("Ben")
    update(ada, sis="1")
    before = world.dump("people")
    with pytest.raises(ExternalIdTaken):
        update(ben, name="Benjamin", sis="1")
    with pytest.raises(ExternalIdTaken):
        add_person("Cem", people=people, clock=world.clock, external_ids={"sis": "1"})
    assert world.dump("people") == before
    update(ada, sis=None)
    assert update(ben, sis="1").external_ids == {"sis": "1"}
    assert find_person("sis", "1", people=people) == people.get(ben)


def test_two_who_take_the_same_id_at_once_one_gets_it(world: World) -> None:
    ada, ben = world.add_person("Ada"), world.add_person("Ben")
    with watched(lambda n: update(ben, sis="1") if n == 1 else None), pytest.raises(ExternalIdTaken):
        update(ada, sis="1")
    assert (wiring.people().get(ada).external_ids, wiring.people().get(ben).external_ids) == (
        {},
        {"sis": "1"},
    )


def test_a_change_is_of_what_the_caller_has_seen(world: World) -> None:
    person_id = world.add_person("Ada", course_id=world.add_course())
    seen = wiring.people().get(person_id).revision
    assert update(person_id, name="Ada\u00a0 Lovelace", revision=seen).name == "Ada Lovelace"
    with pytest.raises(PreconditionFailed):
        update(person_id, name="Ada King", revision=seen)
    with watched() as writes:
        assert update(person_id, name="Ada Lovelace").revision == seen + 1
    assert not writes.names, "nothing changed"


@pytest.mark.parametrize("name", ["", " \t", "a" * 201, "A\u202eda"])
def test_a_name_can_be_seen(world: World, name: str) -> None:
    with pytest.raises(InvalidRequest):
        add_person(name, people=wiring.people(), clock=world.clock)


def test_who_is_archived_is_not_matched_by_the_next_frame_of_a_warm_function(world: World) -> None:
    courses = [world.add_course(), world.add_course("Music")]
    for name in ("Ada", "Ben"):
        world.add_person(name, course_id=courses[0])
        wiring.courses().put_on_roster(courses[1], world.people[name])
        world.enrol(name)
    sessions = [world.open_session(course_id) for course_id in courses]
    for session_id in sessions:
        post(world, session_id, picture("Ben"))
    archive(world, "Ada")
    archive(world, "Ada")
    for session_id in sessions:
        post(world, session_id, picture("Ada"))
        assert world.statuses(session_id) == {"Ben": "present"}
    assert wiring.courses().courses_of(world.people["Ada"]) == ()

    restore_person(world.people["Ada"], people=wiring.people())
    for session_id in sessions:
        post(world, session_id, picture("Ada"))
        assert world.statuses(session_id) == {"Ada": "present", "Ben": "present"}


def test_who_is_archived_stays_in_history(world: World) -> None:
    course_id = world.add_course()
    for name in ("Ada", "Ben"):
        world.add_person(name, course_id=course_id)
        world.enrol(name)
    session_id = world.open_session(course_id)
    post(world, session_id, picture("Ada"))
    world.close_session(session_id)
    archive(world, "Ada")
    assert world.statuses(session_id) == {"Ada": "present", "Ben": "absent"}
    later = world.open_session(course_id)
    post(world, later, picture("nobody we know"))
    world.close_session(later)
    assert world.statuses(later) == {"Ben": "absent"}


def test_who_is_archived_is_put_on_no_roster_and_enrolled_by_nothing(world: World) -> None:
    course_id, person_id = world.add_course(), world.add_person("Ada")
    archive(world, "Ada")
    with pytest.raises(PersonArchived):
        wiring.courses().put_on_roster(course_id, person_id)
    with pytest.raises(PersonArchived):
        world.upload_registration(person_id, clip("Ada"))


def test_lists_are_of_the_current_or_of_the_archived(world: World) -> None:
    ada, ben = world.add_person("Ada"), world.add_person("Ben")
    archive(world, "Ada")
    lists = [
        [person.person_id for person in wiring.people().list(10, None, archived=archived).items]
        for archived in (False, True)
    ]
    assert lists == [[ben], [ada]]
    mathematics, music = world.add_course(), world.add_course("Music")
    archive_whole(world, music)
    lists = [
        [course.course_id for course in wiring.courses().list(10, None, archived=archived).items]
        for archived in (False, True)
    ]
    assert lists == [[mathematics], [music]]


def test_a_person_of_the_most_courses_is_archived_and_restored_in_one_transaction(world: World) -> None:
    person_id = world.add_person("Ada")
    courses = [world.add_course(f"Course {n}") for n in range(MOST_COURSES_OF_A_PERSON)]
    for course_id in courses:
        wiring.courses().put_on_roster(course_id, person_id)
    with pytest.raises(LimitReached):
        wiring.courses().put_on_roster(world.add_course(), person_id)
    with watched() as writes:
        archive(world, "Ada")
        assert wiring.courses().courses_of(person_id) == ()
        restore_person(person_id, people=wiring.people())
    assert writes.names == ["TransactWriteItems"] * 2
    assert sorted(wiring.courses().courses_of(person_id)) == sorted(courses)


RACES: dict[str, Callable[[World, str], Any]] = {
    "put on a roster": lambda world, course: wiring.courses().put_on_roster(course, world.people["Ada"]),
    "taken off a roster": lambda world, _: wiring.courses().take_off_roster(
        *wiring.courses().courses_of(world.people["Ada"])[:1], world.people["Ada"]
    ),
    "renamed": lambda world, _: update(world.people["Ada"], name="Ada King"),
    "enrolled": lambda world, _: world.enrol("Ada"),
}


@pytest.mark.parametrize("race", RACES)
def test_who_is_changed_while_being_archived_is_archived_everywhere(world: World, race: str) -> None:
    course_id, other = world.add_course(), world.add_course("Music")
    person_id = world.add_person("Ada", course_id=course_id)
    raced = itertools.count()

    def overtake(number: int) -> None:
        if number == 1 and next(raced) == 0:
            RACES[race](world, other)

    with watched(overtake):
        archive(world, "Ada")
    assert all(person_id not in wiring.courses().roster(each) for each in (course_id, other))
    restore_person(person_id, people=wiring.people())
    expected = {"put on a roster": {course_id, other}, "taken off a roster": set()}.get(race, {course_id})
    assert set(wiring.courses().courses_of(person_id)) == expected


def test_who_is_archived_while_being_put_on_a_roster_is_not_on_it(world: World) -> None:
    course_id, person_id = world.add_course(), world.add_person("Ada")
    with (
        watched(lambda n: archive(world, "Ada") if n == 1 else None),
        pytest.raises(PersonArchived),
    ):
        wiring.courses().put_on_roster(course_id, person_id)
    restore_person(person_id, people=wiring.people())
    assert wiring.courses().roster(course_id) == ()


def test_a_course_is_changed_and_found(world: World) -> None:
    courses = wiring.courses()
    course = add_course(
        "Music", "Europe/Stockholm", courses=courses, clock=world.clock, external_ids={"sis": "MU1"}
    )
    changed = change(course.course_id, name="Music 1", external_ids={"moodle": "7"}, time_zone="Asia/Tokyo")
    assert (changed.name, changed.time_zone) == ("Music 1", "Asia/Tokyo")
    for pair in (("sis", "MU1"), ("moodle", "7")):
        assert find_course(*pair, courses=courses) == changed
    assert find_course("sis", "MU2", courses=courses) is None
    with pytest.raises(ExternalIdTaken):
        change(world.add_course(), external_ids={"sis": "MU1"})
    with pytest.raises(PreconditionFailed):
        change(course.course_id, name="Music 2", version=course.version)


def test_a_course_with_sessions_keeps_its_time_zone(world: World) -> None:
    course_id = world.add_course()
    world.open_session(course_id)
    with pytest.raises(CourseInUse):
        change(course_id, time_zone="Asia/Tokyo")
    assert change(course_id, name="Algebra", time_zone="Europe/Stockholm").name == "Algebra"


def test_a_course_is_archived_once_its_sessions_are_over(world: World) -> None:
    course_id, person_id = world.add_course(), world.add_person("Ada")
    session_id = world.open_session(course_id)
    with pytest.raises(CourseInUse, match=session_id):
        archive_whole(world, course_id)
    world.close_session(session_id)
    assert archive_whole(world, course_id).archived_at == world.now
    assert archive_whole(world, course_id).version == wiring.courses().get(course_id).version
    with pytest.raises(CourseArchived):
        world.open_session(course_id)
    with pytest.raises(CourseArchived):
        wiring.courses().put_on_roster(course_id, person_id)
    assert restore_course(course_id, courses=wiring.courses()).archived_at is None
    wiring.courses().put_on_roster(course_id, person_id)
    world.open_session(course_id)
