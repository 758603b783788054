"""Settle the attendance of a session that has ended: who was watched for and not seen is absent."""

from collections.abc import Iterable

from chalicelib.domain.attendance import AttendanceRecord, session_closed
from chalicelib.domain.history import Act, Cause
from chalicelib.domain.sessions import Session
from chalicelib.services.merge_attendance import merge_attendance
from chalicelib.services.ports import Attendance


def settle_attendance(
    session: Session, records: Iterable[AttendanceRecord], *, watched: bool, attendance: Attendance
) -> None:
    """One record at a time, those that are settled already left out: it may be cut off and repeated anywhere.

    Who has a human's mark is settled as well: it may be cleared. Raises Contention.
    """
    cause = Cause(Act.CLOSED, session.closes_at)
    for record in records:
        if _is_open(record, watched):
            merge_attendance(
                record,
                lambda read: session_closed(read, session.closes_at, watched=watched),
                session=session,
                cause=cause,
                attendance=attendance,
                needs_consent=False,
            )


def _is_open(record: AttendanceRecord, watched: bool) -> bool:
    if record.first_seen is not None or record.checked_in_at is not None:
        return False  # seen for good, whatever humans decide and take back
    return record.closed_at is None or (watched and not record.watched)
