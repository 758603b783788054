"""Cancel a session that has not begun: it never opens, and blocks nothing any more."""

from dataclasses import replace

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import Contention, SessionBegun
from chalicelib.domain.sessions import Session, SessionState
from chalicelib.services.ports import Sessions

ATTEMPTS = 5


def cancel_session(session_id: str, *, sessions: Sessions, clock: Clock) -> Session:
    """Cancelled already: nothing happens. A timetable does not bring it back.

    Raises SessionNotFound, SessionBegun, Contention.
    """
    for _ in range(ATTEMPTS):
        session = sessions.get(session_id)
        if session.state is SessionState.CANCELLED and session.cancelled_by_hand:
            return session
        if (
            session.state not in (SessionState.SCHEDULED, SessionState.CANCELLED)
            or session.opens_at <= clock()
        ):
            raise SessionBegun("The session has begun: close it instead.")
        try:
            sessions.save(replace(session, state=SessionState.CANCELLED, cancelled_by_hand=True))
        except Contention:
            continue
        return sessions.get(session_id)
    raise Contention(f"The session {session_id} was being changed by others.")
