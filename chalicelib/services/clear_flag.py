"""Clear a session's flag: a human has looked at it, or what it told of is no longer so."""

from dataclasses import replace

from chalicelib.domain.errors import Contention
from chalicelib.domain.sessions import Session
from chalicelib.services.ports import Sessions

ATTEMPTS = 5


def clear_flag(session_id: str, *, sessions: Sessions) -> Session:
    """Without a flag, nothing happens. Raises SessionNotFound, Contention."""
    for _ in range(ATTEMPTS):
        session = sessions.get(session_id)
        if session.flagged is None:
            return session
        try:
            sessions.save(replace(session, flagged=None))
        except Contention:
            continue
        return sessions.get(session_id)
    raise Contention(f"The session {session_id} was being changed by others.")
