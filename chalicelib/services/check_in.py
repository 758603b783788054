"""Check in with the code shown in class: it counts as first seen now, needs no consent, and no picture."""

from chalicelib.domain.attendance import AttendanceRecord, checked_in
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import CodeRefused, SessionNotOpen
from chalicelib.domain.history import Act, Cause
from chalicelib.services.merge_attendance import merge_attendance
from chalicelib.services.ports import Attendance, Codes, Courses, RateLimits, Sessions
from chalicelib.services.require_attendee import require_attendee

TRIES, WINDOW_SECONDS = 5, 300


def check_in(
    session_id: str,
    person_id: str,
    digits: str,
    *,
    sessions: Sessions,
    courses: Courses,
    attendance: Attendance,
    codes: Codes,
    limits: RateLimits,
    clock: Clock,
) -> AttendanceRecord:
    """Once is enough: checking in again changes nothing.

    Every try counts before it is looked at, so that tries at once are limited as well. Raises SessionNotFound,
    SessionNotOpen, NotOnRoster, TooManyRequests, CodeRefused, Contention.
    """
    now = clock()
    session = sessions.get(session_id)
    if not session.covers(now):
        raise SessionNotOpen("Students check in while the session is on.")
    record = require_attendee(session, person_id, courses=courses, attendance=attendance)
    limits.take(f"check_in#{session_id}#{person_id}", TRIES, WINDOW_SECONDS)
    code = codes.get(session_id)
    if code is None or not code.is_opened_by(digits, now):
        raise CodeRefused("The code is not the one being shown, or it has expired.")
    return merge_attendance(
        record,
        lambda read: checked_in(read, now),
        session=session,
        cause=Cause(Act.CHECKED_IN, now, by=person_id),
        attendance=attendance,
        needs_consent=False,
    )
