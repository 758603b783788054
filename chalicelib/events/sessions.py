"""The minute tick: open and close the sessions that are due, and plan those of the days to come."""

from datetime import datetime
from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.clock import utc_now
from chalicelib.observability import instrumented, logger
from chalicelib.services.advance_due_sessions import advance_due_sessions
from chalicelib.services.plan_due_courses import plan_due_courses

sessions = Blueprint(__name__)


@sessions.lambda_function(name="on_sessions_due")
@instrumented
def on_sessions_due(_event: dict[str, Any], _context: Any) -> None:
    now = utc_now()
    try:
        _advance(now)
    finally:  # a session that cannot be closed does not hold up the planning
        _plan(now)


def _advance(now: datetime) -> None:
    advanced = advance_due_sessions(
        now,
        sessions=wiring.sessions(),
        courses=wiring.courses(),
        attendance=wiring.attendance(),
        frames=wiring.frames(),
        patience=wiring.settings().closing_patience,
    )
    for session in advanced:
        logger.info("session advanced", session_id=session.session_id, state=session.state.value)


def _plan(now: datetime) -> None:
    planned = plan_due_courses(
        now,
        days_ahead=wiring.settings().planning_days,
        courses=wiring.courses(),
        sessions=wiring.sessions(),
        timetables=wiring.timetables(),
    )
    for course_id in planned:
        logger.info("sessions planned", course_id=course_id)
