"""Plan the sessions of a course from its timetable, some days ahead; once or ten times, the sessions are the same."""

from datetime import datetime
from zoneinfo import ZoneInfo

from chalicelib.domain.timetable import DAY, Timetable, occurrences, replanned, session_of
from chalicelib.services.ports import Courses, Sessions, Timetables


def plan_sessions(
    timetable: Timetable,
    now: datetime,
    *,
    days_ahead: int,
    courses: Courses,
    sessions: Sessions,
    timetables: Timetables,
) -> None:
    """Schedule what is missing, put right or cancel what has not begun; what has begun stays.

    Each session is written on the condition that the timetable is still this one. Raises CourseNotFound, and
    Contention when another was faster: then the timetable is still due, and the next tick plans it.
    """
    course = courses.get(timetable.course_id)
    if course.archived_at is not None:  # should it be restored, its timetable counts again
        return timetables.put_off(timetable, now + DAY)
    zone = ZoneInfo(course.time_zone)
    today = now.astimezone(zone).date()
    first, last = today - DAY, today + days_ahead * DAY
    wanted = {
        session.session_id: (each.day, session)
        for each in occurrences(timetable, zone, first, last)
        if (session := session_of(course, each)).starts_at > now
    }
    planned = timetables.planned(course.course_id, first)
    stored = {session.session_id: session for session in sessions.of_ids(tuple(planned))}
    for session_id, session in stored.items():
        after = replanned(session, wanted[session_id][1] if session_id in wanted else None, now)
        if after != session:
            timetables.plan(timetable, planned[session_id], after, new=False)
    for session_id, (day, session) in wanted.items():
        if session_id not in stored:
            timetables.plan(timetable, day, session, new=True)
    return timetables.put_off(timetable, None if last >= timetable.last_date else now + DAY)
