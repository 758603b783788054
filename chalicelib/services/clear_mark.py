"""Clear a human's mark or confirmation: what cameras and codes say counts again."""

from chalicelib.domain.attendance import AttendanceRecord, mark_cleared
from chalicelib.domain.clock import Clock
from chalicelib.domain.history import Act, Cause
from chalicelib.services.merge_attendance import merge_attendance
from chalicelib.services.ports import Attendance, Courses, Sessions
from chalicelib.services.require_attendee import require_attendee, require_revision
from chalicelib.services.settle_flag import settle_flag


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
    expected_revision: int | None = None,
) -> AttendanceRecord:
    """Where there is none, nothing happens. `expected_revision`: only if the record is still this one.

    Raises SessionNotFound, SessionNotOpen, NotOnRoster, PreconditionFailed, Contention.
    """
    session = sessions.get(session_id)
    record = merge_attendance(
        require_attendee(session, person_id, courses=courses, attendance=attendance),
        lambda record: mark_cleared(require_revision(record, expected_revision)),
        session=session,
        cause=Cause(Act.CLEARED, clock(), by=by, reason=reason),
        attendance=attendance,
        needs_consent=False,
    )
    settle_flag(session, sessions=sessions, attendance=attendance)
    return record
