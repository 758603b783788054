"""Set a course's weekly timetable; its sessions follow at once, or with the next tick."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import Contention, CourseArchived, PreconditionFailed
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
    expected_revision: int | None = None,
) -> Timetable:
    """It replaces the one before: sessions that have not begun are cancelled or changed, others stay as they are.

    `expected_revision`: only if the one before is still this one; 0 where there is none. Raises CourseNotFound,
    CourseArchived, InvalidRequest, PreconditionFailed, Contention.
    """
    if courses.get(course_id).archived_at is not None:
        raise CourseArchived(f"The course {course_id} is archived.")
    timetable = Timetable(course_id, tuple(slots), first_date, last_date, excepted)
    check_timetable(timetable)
    timetable = _put(timetable, expected_revision, timetables=timetables, clock=clock)
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


def _put(timetable: Timetable, expected: int | None, *, timetables: Timetables, clock: Clock) -> Timetable:
    for _ in range(ATTEMPTS):
        before = timetables.get(timetable.course_id)
        revision = 0 if before is None else before.revision
        if before is not None and timetable.as_revision(revision) == before:
            return before  # ours, with the reply lost; or as it was
        if expected is not None and revision != expected:
            raise PreconditionFailed(f"The timetable is at revision {revision}, not {expected}.")
        with suppress(Contention):  # another was first: look again
            timetables.put(timetable.as_revision(revision + 1), clock())
            return timetable.as_revision(revision + 1)
    raise Contention(f"The timetable of {timetable.course_id} was being changed by others.")
