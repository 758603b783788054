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
    """Overlapping ticks are harmless: who loses a race leaves the session to the winner or to the next tick.

    A session that fails does not hold up the others. Raises ExceptionGroup at the end, of all that failed.
    """
    advanced, failures = [], []
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
        except Exception as error:  # raised below, when the others have been served
            failures.append(error)
            continue
        advanced.append(session)
    if failures:
        raise ExceptionGroup("sessions could not be advanced", failures)
    return tuple(advanced)


def _advance(session_id: str, now: datetime, *, sessions: Sessions) -> Session:
    session = sessions.get(session_id)
    after = due_now(session, now)
    if after == session:
        return session
    sessions.save(after)
    return sessions.get(session_id)
