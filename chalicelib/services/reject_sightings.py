"""Reject proposed sightings: the same evidence is not proposed again, a better one may be."""

from collections.abc import Collection

from chalicelib.domain.attendance import AttendanceRecord, Evidence, proposal_rejected
from chalicelib.domain.clock import Clock
from chalicelib.domain.history import Act, Cause
from chalicelib.domain.sessions import Session
from chalicelib.services.merge_attendance import merge_attendance
from chalicelib.services.ports import Attendance, Sessions
from chalicelib.services.settle_flag import settle_flag


def reject_sightings(
    session_id: str,
    person_ids: Collection[str],
    *,
    by: str,
    reason: str | None,
    sessions: Sessions,
    attendance: Attendance,
    clock: Clock,
) -> tuple[AttendanceRecord, ...]:
    """Those of the named people for whom something was proposed; a confirmation of it falls as well.

    Raises SessionNotFound, Contention; then some are rejected, and rejecting again does the others.
    """
    session = sessions.get(session_id)
    cause = Cause(Act.REJECTED, clock(), by=by, reason=reason)
    rejected = tuple(
        _reject(record, record.proposal, session, cause, attendance)
        for record in attendance.of_session(session_id)
        if record.person_id in person_ids and record.proposal is not None
    )
    settle_flag(session, sessions=sessions, attendance=attendance)
    return rejected


def _reject(
    record: AttendanceRecord, evidence: Evidence, session: Session, cause: Cause, attendance: Attendance
) -> AttendanceRecord:
    return merge_attendance(
        record,
        lambda read: proposal_rejected(read, evidence),
        session=session,
        cause=Cause(cause.act, cause.at, cause.by, cause.reason, evidence.frame_id),
        attendance=attendance,
        needs_consent=False,
    )
