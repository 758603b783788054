"""Advance the sessions that are due: open those whose time has come, close those that are over."""

from datetime import datetime, timedelta

from chalicelib.domain.errors import Contention
from chalicelib.domain.sessions import Session, due_now
from chalicelib.services.close_session import finish_closing
from chalicelib.services.ports import Attendance, Courses, Frames, Sessions


def advance_due_sessions(
    now: datetime,
    *,
    sessions: Sessions,
    courses: Courses,
    attendance: Attendance,
    frames: Frames,
    patience: timedelta,
) -> tuple[Session, ...]:
    """Overlapping ticks are harmless: who loses a race leaves the session to the winner or to the next tick."""
    advanced = []
    for session_id in sessions.due(now):
        try:
            session = _advance(session_id, now, sessions=sessions)
            session = finish_closing(
                session,
                now,
                sessions=sessions,
                courses=courses,
                attendance=attendance,
                frames=frames,
                patience=patience,
            )
        except Contention:
            continue
        advanced.append(session)
    return tuple(advanced)


def _advance(session_id: str, now: datetime, *, sessions: Sessions) -> Session:
    session = sessions.get(session_id)
    after = due_now(session, now)
    if after == session:
        return session
    sessions.save(after)
    return sessions.get(session_id)
