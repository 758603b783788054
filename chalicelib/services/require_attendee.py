"""Require that a person belongs into a session's register: by the roster, or because there is a record already."""

from chalicelib.domain.attendance import AttendanceRecord
from chalicelib.domain.errors import NotOnRoster, PreconditionFailed, SessionNotOpen
from chalicelib.domain.sessions import Session, SessionState
from chalicelib.services.ports import Attendance, Courses


def require_attendee(
    session: Session, person_id: str, *, courses: Courses, attendance: Attendance
) -> AttendanceRecord:
    """The person's record, or a blank one. Raises NotOnRoster, and SessionNotOpen for a cancelled session."""
    if session.state is SessionState.CANCELLED:
        raise SessionNotOpen("The session was cancelled.")
    record = attendance.get(session.session_id, person_id)
    if record.revision == 0 and person_id not in courses.roster(session.course_id):
        raise NotOnRoster(f"{person_id} is not on the roster of {session.course_id}.")
    return record


def require_revision(record: AttendanceRecord, expected: int | None) -> AttendanceRecord:
    """The record, if nobody has changed it since it was looked at. Raises PreconditionFailed."""
    if expected is not None and record.revision != expected:
        raise PreconditionFailed(f"The record is at revision {record.revision}, not {expected}.")
    return record
