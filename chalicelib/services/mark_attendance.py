"""Mark a person by hand: it outranks what cameras saw and will see, and the last mark stands."""

from datetime import datetime

from chalicelib.domain.attendance import AttendanceRecord, Mark, Status, marked
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import InvalidRequest, SessionNotOpen
from chalicelib.domain.history import Act, Cause
from chalicelib.domain.sessions import Session
from chalicelib.services.merge_attendance import merge_attendance
from chalicelib.services.ports import Attendance, Courses, Sessions
from chalicelib.services.require_attendee import require_attendee, require_revision
from chalicelib.services.settle_flag import settle_flag


def mark_attendance(
    session_id: str,
    person_id: str,
    status: Status,
    *,
    by: str,
    reason: str | None,
    sessions: Sessions,
    courses: Courses,
    attendance: Attendance,
    clock: Clock,
    expected_revision: int | None = None,
) -> AttendanceRecord:
    """Needs no consent: nobody's face is looked at. `expected_revision`: only if the record is still this one.

    Raises SessionNotFound, SessionNotOpen, NotOnRoster, InvalidRequest, PreconditionFailed, Contention.
    """
    now = clock()
    session = sessions.get(session_id)
    _check(session, status, reason, now)
    mark = Mark(by=by, at=now, status=status, reason=reason)
    record = merge_attendance(
        require_attendee(session, person_id, courses=courses, attendance=attendance),
        lambda record: marked(require_revision(record, expected_revision), mark),
        session=session,
        cause=Cause(Act.MARKED, now, by=by, reason=reason),
        attendance=attendance,
        needs_consent=False,
    )
    settle_flag(session, sessions=sessions, attendance=attendance)
    return record


def _check(session: Session, status: Status, reason: str | None, now: datetime) -> None:
    if status is Status.UNSEEN:
        raise InvalidRequest("A mark says present, late, absent or excused; to take a mark back, clear it.")
    if status is Status.EXCUSED and reason is None:
        raise InvalidRequest("Who is excused is excused for a reason.")
    if now < session.opens_at and status is not Status.EXCUSED:
        raise SessionNotOpen(
            f"The session opens at {session.opens_at.isoformat()}; until then people can only be excused."
        )
