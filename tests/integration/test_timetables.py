"""A course's timetable and the sessions that follow from it, through the real adapters and the minute tick."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from unittest import mock

import pytest

from chalicelib import wiring
from chalicelib.domain.attendance import Status
from chalicelib.domain.errors import Contention, SessionNotOpen
from chalicelib.domain.sessions import Session, SessionState
from chalicelib.domain.timetable import Slot
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.services.plan_sessions import plan_sessions
from chalicelib.services.set_timetable import set_timetable
from tests.support.crashes import watched
from tests.support.fakes import picture
from tests.support.world import START, World, new_world

MONDAY_10, MONDAY_14 = (
    Slot(1, time(10), time(11)),
    Slot(1, time(14), time(15), "Room 7"),
)  # START: Monday, 10:00 there


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One for all: each test has a course of its own."""
    with new_world() as made:
        yield made


@pytest.fixture
def course(world: World) -> str:
    world.now = START
    return world.add_course()


def sessions_of(course_id: str) -> tuple[Session, ...]:
    return wiring.sessions().of_course(course_id, 100, None).items


def starts(course_id: str, state: SessionState = SessionState.SCHEDULED) -> list[str]:
    return [f"{each.starts_at:%d %H:%M}" for each in sessions_of(course_id) if each.state is state]


def test_sessions_are_planned_two_weeks_ahead_and_further_each_day(world: World, course: str) -> None:
    world.set_timetable(course, MONDAY_10, MONDAY_14)
    assert starts(course) == ["23 13:00", "30 09:00", "30 13:00", "07 09:00", "07 13:00"], (
        "this one has begun"
    )
    assert sessions_of(course)[0].room == "Room 7"
    world.tick()
    assert len(starts(course)) == 5
    world.pass_time(days=7)
    world.tick()
    assert starts(course)[-2:] == ["14 09:00", "14 13:00"]


def test_the_last_day_planned_the_timetable_is_due_no_more(world: World, course: str) -> None:
    world.set_timetable(course, MONDAY_14, days=16)
    assert course in wiring.timetables().due(world.now + timedelta(days=1), 100)
    world.pass_time(days=3)
    world.tick()
    assert len(starts(course)) == 3
    assert course not in wiring.timetables().due(world.now + timedelta(days=400), 100)


def test_a_planned_session_opens_takes_attendance_and_closes(world: World, course: str) -> None:
    for name in ("Ada", "Ben", "Cem"):
        world.add_person(name, course_id=course)
        world.enrol(name)
    world.set_timetable(course, MONDAY_14)
    session_id = sessions_of(course)[0].session_id
    world.now = datetime(2026, 11, 23, 13, 5, tzinfo=UTC)
    world.tick()
    for name in ("Ada", "Ben"):
        frame = world.post_frame(session_id, picture(name))
        on_frame_uploaded(world.event(frame.key), None)
        world.pass_time(minutes=5)
    world.pass_time(hours=1)
    world.tick()
    assert wiring.sessions().get(session_id).state is SessionState.CLOSED
    assert world.statuses(session_id) == {"Ada": "present", "Ben": "late", "Cem": "absent"}


def test_a_changed_timetable_moves_what_has_not_begun_and_leaves_the_rest(world: World, course: str) -> None:
    world.set_timetable(course, MONDAY_10, MONDAY_14)
    world.now = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
    world.tick()
    evening = Slot(1, time(18), time(19))
    world.set_timetable(
        course, Slot(1, time(10), time(12), "Room 9"), evening, excepted=frozenset({date(2026, 12, 7)})
    )
    assert starts(course, SessionState.OPEN) == ["23 13:00"]
    assert starts(course) == ["23 17:00", "30 09:00", "30 17:00"]
    assert starts(course, SessionState.CANCELLED) == ["30 13:00", "07 09:00", "07 13:00"]
    reshaped = next(each for each in sessions_of(course) if each.room == "Room 9")
    assert reshaped.closes_at - reshaped.starts_at == timedelta(hours=2)
    world.set_timetable(course, MONDAY_10, MONDAY_14)
    assert starts(course) == ["30 09:00", "30 13:00", "07 09:00", "07 13:00"], "what comes back is revived"


def test_a_cancelled_session_takes_no_frames_and_no_marks(world: World, course: str) -> None:
    world.set_timetable(course, MONDAY_14)
    world.set_timetable(course)
    session = sessions_of(course)[0]
    world.now = session.starts_at
    world.tick()
    assert wiring.sessions().get(session.session_id).state is SessionState.CANCELLED
    world.add_person("Ada", course_id=course)
    with pytest.raises(SessionNotOpen):
        world.post_frame(session.session_id, picture("Ada"))
    with pytest.raises(SessionNotOpen):
        world.mark(session.session_id, "Ada", Status.PRESENT)
    with pytest.raises(SessionNotOpen):
        world.close_session(session.session_id)


def test_a_tick_that_read_the_timetable_before_it_changed_adds_nothing_of_it(
    world: World, course: str
) -> None:
    with mock.patch("chalicelib.services.set_timetable.plan_sessions"):
        world.set_timetable(course, MONDAY_14)
    stale = wiring.timetables().get(course)
    assert stale is not None
    world.set_timetable(course, Slot(1, time(16), time(17)))
    with pytest.raises(Contention):
        plan(world, stale)
    assert starts(course) == ["23 15:00", "30 15:00", "07 15:00"]


def plan(world: World, timetable) -> None:
    plan_sessions(
        timetable,
        world.now,
        days_ahead=14,
        courses=wiring.courses(),
        sessions=wiring.sessions(),
        timetables=wiring.timetables(),
    )


def test_two_changes_at_once_are_one_after_the_other(world: World, course: str) -> None:
    """One is overtaken at its first write; whichever timetable stands, the sessions are its own and no others."""
    running = False

    def overtake(_: int) -> None:
        nonlocal running
        if not running:
            running = True
            world.set_timetable(course, Slot(2, time(9), time(10)))

    with watched(overtake):
        world.set_timetable(course, MONDAY_14)
    world.tick()
    timetable = wiring.timetables().get(course)
    assert timetable is not None
    assert (timetable.slots, timetable.revision) == ((MONDAY_14,), 2)
    assert starts(course) == ["23 13:00", "30 13:00", "07 13:00"]
    assert starts(course, SessionState.CANCELLED) == ["24 08:00", "01 08:00"]


def test_across_the_change_of_the_clocks_sessions_stay_at_their_hour(world: World, course: str) -> None:
    world.now = datetime(2026, 3, 23, 12, tzinfo=UTC)
    set_timetable(
        course,
        [Slot(1, time(9), time(10)), Slot(7, time(2, 30), time(3, 15)), Slot(6, time(23, 30), time(3, 30))],
        first_date=date(2026, 3, 1),
        last_date=date(2026, 4, 30),
        excepted=frozenset(),
        days_ahead=8,
        courses=wiring.courses(),
        sessions=wiring.sessions(),
        timetables=wiring.timetables(),
        clock=world.clock,
    )
    told = [f"{each.starts_at:%d %H:%M}-{each.closes_at:%d %H:%M}" for each in sessions_of(course)]
    assert told == ["28 22:30-29 01:30", "29 01:30-29 02:15", "30 07:00-30 08:00"]
    assert all(each.late_after - each.starts_at == timedelta(minutes=10) for each in sessions_of(course))


def test_sessions_are_listed_by_when_they_open(world: World, course: str) -> None:
    world.set_timetable(course, MONDAY_14)

    def listed(from_day: int | None, until_day: int | None) -> int:
        def at(day: int | None) -> datetime | None:
            return None if day is None else START + timedelta(days=day)

        page = wiring.sessions().of_course(
            course, 100, None, opens_from=at(from_day), opens_until=at(until_day)
        )
        return len(page.items)

    assert [listed(None, None), listed(5, None), listed(None, 5), listed(5, 10), listed(1, 5)] == [
        3,
        2,
        1,
        1,
        0,
    ]
