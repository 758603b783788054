"""Open a session by hand, before its time."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.sessions import Session, opened
from chalicelib.services.ports import Sessions


def open_session(session_id: str, *, sessions: Sessions, clock: Clock) -> Session:
    """Raises SessionNotFound, SessionNotOpen if it is over, Contention."""
    session = sessions.get(session_id)
    after = opened(session, clock())
    if after != session:
        sessions.save(after)
    return after
