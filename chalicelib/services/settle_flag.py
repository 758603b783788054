"""Settle the flag of a closed session: while somebody's sighting awaits a human, a human should look at it."""

from dataclasses import replace

from chalicelib.domain.errors import Contention
from chalicelib.domain.sessions import Flag, Session, SessionState
from chalicelib.services.ports import Attendance, Sessions

ATTEMPTS = 5


def settle_flag(session: Session, *, sessions: Sessions, attendance: Attendance) -> None:
    """Of a session as it was read before the register changed; one that had not closed by then is flagged when it does.

    Raises Contention.
    """
    for _ in range(ATTEMPTS):
        if session.state is not SessionState.CLOSED or session.flagged is Flag.NO_USABLE_FRAMES:
            return None
        awaited = any(record.awaits_confirmation for record in attendance.of_session(session.session_id))
        flag = Flag.UNCONFIRMED if awaited else None
        if flag is session.flagged:
            return None
        try:
            return sessions.save(replace(session, flagged=flag))
        except Contention:
            session = sessions.get(session.session_id)
    raise Contention(f"The session {session.session_id} was being changed by others.")
