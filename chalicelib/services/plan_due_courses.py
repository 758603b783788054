"""Plan the sessions of the courses that are due for it: some with every tick, until none is left."""

from datetime import datetime

from chalicelib.domain.errors import Contention
from chalicelib.services.plan_sessions import plan_sessions
from chalicelib.services.ports import Courses, Sessions, Timetables

COURSES_A_TICK = 20


def plan_due_courses(
    now: datetime, *, days_ahead: int, courses: Courses, sessions: Sessions, timetables: Timetables
) -> tuple[str, ...]:
    """The ids of those planned. Overlapping ticks are harmless: what one has planned, the other finds.

    A course that fails does not hold up the others. Raises ExceptionGroup at the end, of all that failed.
    """
    planned, failures = [], []
    for course_id in timetables.due(now, COURSES_A_TICK):
        timetable = timetables.get(course_id)
        if timetable is None:
            continue
        try:
            plan_sessions(
                timetable,
                now,
                days_ahead=days_ahead,
                courses=courses,
                sessions=sessions,
                timetables=timetables,
            )
        except Contention:
            continue
        except Exception as error:  # raised below, when the others have been served
            failures.append(error)
            continue
        planned.append(course_id)
    if failures:
        raise ExceptionGroup("courses could not be planned", failures)
    return tuple(planned)
