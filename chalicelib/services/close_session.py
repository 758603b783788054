"""Close a session: later frames do not belong to it, outstanding ones are waited for, who was not seen is settled.

Each step may be repeated and may be cut off anywhere; the minute tick carries on from what is stored.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.attendance import AttendanceRecord
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import Contention
from chalicelib.domain.sessions import Flag, Session, SessionState, Watch, closing, may_finish
from chalicelib.services.ports import Attendance, Courses, Frames, Sessions
from chalicelib.services.settle_attendance import settle_attendance

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
    """The session, closed, or closing while frames are outstanding.

    Raises SessionNotFound, SessionNotOpen, Contention.
    """
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
    """Settle who was not seen and close, once no frame is outstanding or patience has ended.

    A session of which no camera saw anything marks nobody absent and is flagged for a human; so is one in which a
    sighting still awaits a human. Raises Contention.
    """
    for _ in range(ATTEMPTS):
        if session.state is not SessionState.CLOSING:
            return session
        outstanding = frames.any_outstanding(session.session_id)
        if not may_finish(session, outstanding_frames=outstanding, now=now, patience=patience):
            return session
        watched = sessions.watch(session.session_id) is not Watch.NOBODY
        records = _records(session, courses=courses, attendance=attendance)
        settle_attendance(session, records, watched=watched, attendance=attendance)
        awaited = any(record.awaits_confirmation for record in records)
        flag = _flag(watched=watched, awaited=awaited)
        with suppress(Contention):  # the tick or another call closes it as well, or a frame came: look again
            sessions.save(
                replace(session, state=SessionState.CLOSED, flagged=flag), unless_watched=not watched
            )
        session = sessions.get(session.session_id)
    if session.state is SessionState.CLOSING:
        raise Contention(f"The session {session.session_id} was being changed by others.")
    return session


def _flag(*, watched: bool, awaited: bool) -> Flag | None:
    if not watched:
        return Flag.NO_USABLE_FRAMES
    return Flag.UNCONFIRMED if awaited else None


def _records(session: Session, *, courses: Courses, attendance: Attendance) -> list[AttendanceRecord]:
    """Of who is on the roster, and of who was seen or proposed."""
    records = {record.person_id: record for record in attendance.of_session(session.session_id)}
    for person_id in courses.roster(session.course_id):
        records.setdefault(person_id, AttendanceRecord(session.session_id, person_id))
    return list(records.values())
