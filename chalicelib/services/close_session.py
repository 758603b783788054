"""Close a session: later frames do not belong to it, outstanding ones are waited for, who is unseen is absent.

Each step may be repeated and may be cut off anywhere; the minute tick carries on from what is stored.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.attendance import AttendanceRecord, session_closed
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import Contention
from chalicelib.domain.sessions import Session, SessionState, closing, may_finish
from chalicelib.services.merge_attendance import merge_attendance
from chalicelib.services.ports import Attendance, Courses, Frames, Sessions

ATTEMPTS = 4


def close_session(
    session_id: str,
    *,
    sessions: Sessions,
    courses: Courses,
    attendance: Attendance,
    frames: Frames,
    clock: Clock,
    patience: timedelta,
) -> Session:
    """The session, closed, or closing while frames are outstanding. Raises SessionNotFound, SessionNotOpen."""
    now = clock()
    return finish_closing(
        _begin(session_id, now, sessions=sessions),
        now,
        sessions=sessions,
        courses=courses,
        attendance=attendance,
        frames=frames,
        patience=patience,
    )


def _begin(session_id: str, now: datetime, *, sessions: Sessions) -> Session:
    """The session as stored, closing or closed, whoever made it so."""
    for _ in range(ATTEMPTS):
        session = sessions.get(session_id)
        after = closing(session, now)
        if after == session:
            return session
        with suppress(Contention):  # another was first: look again
            sessions.save(after)
    raise Contention(f"The session {session_id} was being changed by others.")


def finish_closing(
    session: Session,
    now: datetime,
    *,
    sessions: Sessions,
    courses: Courses,
    attendance: Attendance,
    frames: Frames,
    patience: timedelta,
) -> Session:
    """Mark the unseen absent and close, once no frame is outstanding or patience has ended."""
    if session.state is not SessionState.CLOSING:
        return session
    outstanding = frames.any_outstanding(session.session_id)
    if not may_finish(session, outstanding_frames=outstanding, now=now, patience=patience):
        return session
    _settle(session, courses=courses, attendance=attendance)
    closed = replace(session, state=SessionState.CLOSED)
    try:
        sessions.save(closed)
    except Contention:
        closed = sessions.get(session.session_id)  # the tick, or another call, was closing it as well
        if closed.state is not SessionState.CLOSED:
            raise
    return closed


def _settle(session: Session, *, courses: Courses, attendance: Attendance) -> None:
    """Who is on the roster or was proposed, and was not seen, is absent."""
    records = {record.person_id: record for record in attendance.of_session(session.session_id)}
    for person_id in courses.roster(session.course_id):
        records.setdefault(person_id, AttendanceRecord(session.session_id, person_id))
    for record in records.values():
        if record.first_seen is None and record.closed_at is None:
            merge_attendance(
                record,
                lambda read: session_closed(read, session.closes_at),
                attendance=attendance,
                needs_consent=False,
            )
