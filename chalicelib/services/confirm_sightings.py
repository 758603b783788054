"""Confirm proposed sightings: the people shown were there, since when they were seen."""

from collections.abc import Collection

from chalicelib.domain.attendance import AttendanceRecord, Mark, confirmation_of, marked
from chalicelib.domain.clock import Clock
from chalicelib.domain.history import Act, Cause
from chalicelib.domain.sessions import Session
from chalicelib.services.merge_attendance import merge_attendance
from chalicelib.services.ports import Attendance, Sessions
from chalicelib.services.settle_flag import settle_flag


def confirm_sightings(
    session_id: str,
    person_ids: Collection[str] | None,
    *,
    by: str,
    sessions: Sessions,
    attendance: Attendance,
    clock: Clock,
) -> tuple[AttendanceRecord, ...]:
    """Those confirmed: of the named people, or of all who await it. Who awaits nothing is left as they are.

    What is confirmed is what was read: a better sighting that arrives meanwhile changes nothing. Raises
    SessionNotFound, Contention; then some are confirmed, and confirming again does the others.
    """
    now = clock()
    session = sessions.get(session_id)
    awaiting = [
        (record, mark)
        for record in attendance.of_session(session_id)
        if record.awaits_confirmation and (person_ids is None or record.person_id in person_ids)
        if (mark := confirmation_of(record, by, now)) is not None
    ]
    confirmed = tuple(_confirm(record, mark, session, attendance) for record, mark in awaiting)
    settle_flag(session, sessions=sessions, attendance=attendance)
    return confirmed


def _confirm(
    record: AttendanceRecord, mark: Mark, session: Session, attendance: Attendance
) -> AttendanceRecord:
    frame_id = None if mark.evidence is None else mark.evidence.frame_id
    return merge_attendance(
        record,
        lambda read: marked(read, mark),
        session=session,
        cause=Cause(Act.CONFIRMED, mark.at, by=mark.by, frame_id=frame_id),
        attendance=attendance,
        needs_consent=False,
    )
