"""Set a course's weekly timetable; its sessions follow at once, or with the next tick."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import Contention
from chalicelib.domain.timetable import Slot, Timetable, check_timetable
from chalicelib.services.plan_sessions import plan_sessions
from chalicelib.services.ports import Courses, Sessions, Timetables

ATTEMPTS = 5


def set_timetable(
    course_id: str,
    slots: Sequence[Slot],
    *,
    first_date: date,
    last_date: date,
    excepted: frozenset[date],
    days_ahead: int,
    courses: Courses,
    sessions: Sessions,
    timetables: Timetables,
    clock: Clock,
) -> Timetable:
    """It replaces the one before: sessions that have not begun are cancelled or changed, others stay as they are.

    Raises CourseNotFound, InvalidRequest, Contention.
    """
    courses.get(course_id)
    timetable = Timetable(course_id, tuple(slots), first_date, last_date, excepted)
    check_timetable(timetable)
    timetable = _put(timetable, timetables=timetables, clock=clock)
    with suppress(Contention):  # the timetable is due: the tick plans it
        plan_sessions(
            timetable,
            clock(),
            days_ahead=days_ahead,
            courses=courses,
            sessions=sessions,
            timetables=timetables,
        )
    return timetable


def _put(timetable: Timetable, *, timetables: Timetables, clock: Clock) -> Timetable:
    for _ in range(ATTEMPTS):
        before = timetables.get(timetable.course_id)
        if before is not None and timetable.as_revision(before.revision) == before:
            return before
        timetable = timetable.as_revision(1 if before is None else before.revision + 1)
        with suppress(Contention):  # another was first, or the reply to ours was lost: look again
            timetables.put(timetable, clock())
            return timetable
    raise Contention(f"The timetable of {timetable.course_id} was being changed by others.")
