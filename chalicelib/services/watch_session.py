"""Watch a session: note that a camera of it could see, so that who was not seen by the end was absent."""

from chalicelib.domain.sessions import SessionState, Watch
from chalicelib.services.clear_flag import clear_flag
from chalicelib.services.ports import Attendance, Sessions
from chalicelib.services.settle_attendance import settle_attendance
from chalicelib.services.settle_flag import settle_flag


def watch_session(session_id: str, *, sessions: Sessions, attendance: Attendance) -> None:
    """Costs one read, but for the first frame. A session that was closed unwatched is settled after all.

    The note is written before the session is read, and a session closes as unwatched only while there is no note: so
    either the closing sees the note, or this sees the closing. Raises SessionNotFound, Contention.
    """
    watch = sessions.watch(session_id)
    if watch is Watch.SETTLED:
        return
    if watch is Watch.NOBODY:
        sessions.start_watch(session_id)
    session = sessions.get(session_id)
    if session.state is SessionState.CLOSED:
        settle_attendance(session, attendance.of_session(session_id), watched=True, attendance=attendance)
        session = clear_flag(session_id, sessions=sessions)
        settle_flag(session, sessions=sessions, attendance=attendance)
    sessions.settle_watch(session_id)
