"""Clear a human's mark or confirmation: what cameras and codes say counts again."""

from chalicelib.domain.attendance import AttendanceRecord, mark_cleared
from chalicelib.domain.clock import Clock
from chalicelib.domain.history import Act, Cause
from chalicelib.services.merge_attendance import merge_attendance
from chalicelib.services.ports import Attendance, Courses, Sessions
from chalicelib.services.require_attendee import require_attendee


def clear_mark(
    session_id: str,
    person_id: str,
    *,
    by: str,
    reason: str | None,
    sessions: Sessions,
    courses: Courses,
    attendance: Attendance,
    clock: Clock,
) -> AttendanceRecord:
    """Where there is none, nothing happens. Raises SessionNotFound, SessionNotOpen, NotOnRoster, Contention."""
    session = sessions.get(session_id)
    return merge_attendance(
        require_attendee(session, person_id, courses=courses, attendance=attendance),
        mark_cleared,
        session=session,
        cause=Cause(Act.CLEARED, clock(), by=by, reason=reason),
        attendance=attendance,
        needs_consent=False,
    )
