"""/v1/sessions: meetings of a course, their opening and closing."""

from typing import Any

from chalice.app import Response

from chalicelib import wiring
from chalicelib.api.routes import ADMIN, CAMERA, ApiRequest, Routes
from chalicelib.api.schemas import SessionIn, time_out
from chalicelib.domain.clock import utc_now
from chalicelib.domain.sessions import Session
from chalicelib.services.authorise_camera import authorise_camera
from chalicelib.services.close_session import close_session
from chalicelib.services.open_session import open_session
from chalicelib.services.schedule_session import schedule_session

sessions = Routes(__name__)


@sessions.route("/v1/sessions", methods=["POST"], roles=ADMIN)
def post_session(request: ApiRequest) -> Response:
    body = request.json(SessionIn)
    session = schedule_session(
        body.course_id,
        opens_at=body.opens_at,
        closes_at=body.closes_at,
        courses=wiring.courses(),
        sessions=wiring.sessions(),
        clock=utc_now,
    )
    return Response(session_out(session), status_code=201)


@sessions.route("/v1/sessions/{session_id}", methods=["GET"], roles=CAMERA)
def get_session(request: ApiRequest, session_id: str) -> dict[str, Any]:
    session = wiring.sessions().get(session_id)
    authorise_camera(request.caller, session.course_id, access=wiring.access())
    return session_out(session)


@sessions.route("/v1/sessions/{session_id}/open", methods=["POST"], roles=ADMIN)
def post_open(_: ApiRequest, session_id: str) -> dict[str, Any]:
    return session_out(open_session(session_id, sessions=wiring.sessions(), clock=utc_now))


@sessions.route("/v1/sessions/{session_id}/close", methods=["POST"], roles=ADMIN)
def post_close(_: ApiRequest, session_id: str) -> dict[str, Any]:
    session = close_session(
        session_id,
        sessions=wiring.sessions(),
        courses=wiring.courses(),
        attendance=wiring.attendance(),
        frames=wiring.frames(),
        clock=utc_now,
        patience=wiring.settings().closing_patience,
    )
    return session_out(session)


def session_out(session: Session) -> dict[str, Any]:
    return {
        "id": session.session_id,
        "course_id": session.course_id,
        "state": session.state.value,
        "opens_at": time_out(session.opens_at),
        "closes_at": time_out(session.closes_at),
    }
