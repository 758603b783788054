"""Issue a code to be shown in class, with which each student checks in once: the way without a face."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.codes import Code, new_code
from chalicelib.domain.errors import SessionNotOpen
from chalicelib.services.ports import Codes, Sessions


def issue_code(
    session_id: str, *, by: str, sessions: Sessions, codes: Codes, clock: Clock
) -> tuple[Code, str]:
    """The code and its digits; the one before is good no longer. Raises SessionNotFound, SessionNotOpen."""
    now = clock()
    session = sessions.get(session_id)
    if not session.covers(now):
        raise SessionNotOpen("Codes are issued while the session is on.")
    code, digits = new_code(session_id, by, now, session.closes_at)
    codes.put(code)
    return code, digits
