"""The minute tick: open and close the sessions that are due."""

from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.clock import utc_now
from chalicelib.observability import instrumented, logger
from chalicelib.services.advance_due_sessions import advance_due_sessions

sessions = Blueprint(__name__)


@sessions.lambda_function(name="on_sessions_due")
@instrumented
def on_sessions_due(_event: dict[str, Any], _context: Any) -> None:
    advanced = advance_due_sessions(
        utc_now(),
        sessions=wiring.sessions(),
        courses=wiring.courses(),
        attendance=wiring.attendance(),
        frames=wiring.frames(),
        patience=wiring.settings().closing_patience,
    )
    for session in advanced:
        logger.info("session advanced", session_id=session.session_id, state=session.state.value)
