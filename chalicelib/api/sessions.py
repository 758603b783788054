"""/v1/sessions: meetings of a course, their opening and closing."""

from typing import Annotated

from pydantic import Field

from chalicelib import wiring
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Answer, Routes
from chalicelib.api.schemas import In, Moment, Out, PageOut, PageQuery, Text, Time
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import CourseArchived, SessionBegun, SessionNotOpen
from chalicelib.domain.sessions import Confirmation, Flag, Session, SessionState
from chalicelib.services.cancel_session import cancel_session
from chalicelib.services.clear_flag import clear_flag
from chalicelib.services.close_session import close_session
from chalicelib.services.open_session import open_session
from chalicelib.services.schedule_session import schedule_session

sessions = Routes(__name__)


class SessionIn(In):
    opens_at: Moment | None = None
    closes_at: Moment
    room: Text | None = None
    confirmation: Confirmation | None = None


class SessionsQuery(PageQuery):
    """`from` and `until`: only sessions that open in between, both included."""

    from_: Annotated[Moment | None, Field(alias="from")] = None
    until: Moment | None = None


class SessionOut(Out):
    """`late_after`: who is first seen then or later is late. `flagged`: a human should look at it, and why."""

    id: str
    course_id: str
    state: SessionState
    opens_at: Time
    closes_at: Time
    starts_at: Time
    late_after: Time
    room: str | None
    confirmation: Confirmation
    flagged: Flag | None

    @classmethod
    def of(cls, session: Session) -> "SessionOut":
        return cls(
            id=session.session_id,
            course_id=session.course_id,
            state=session.state,
            opens_at=session.opens_at,
            closes_at=session.closes_at,
            starts_at=session.starts_at,
            late_after=session.late_after,
            room=session.room,
            confirmation=session.confirmation,
            flagged=session.flagged,
        )


@sessions.route("POST", "/v1/courses/{course_id}/sessions", status=201, errors=[CourseArchived])
def post_session(request: ApiRequest, course_id: str, body: SessionIn) -> Answer[SessionOut]:
    """Schedule a session. Without opens_at it is open at once; without confirmation it is the course's."""
    session = schedule_session(
        course_id,
        opens_at=body.opens_at,
        closes_at=body.closes_at,
        room=body.room,
        confirmation=body.confirmation,
        courses=wiring.courses(),
        sessions=wiring.sessions(),
        clock=utc_now,
        new_id=request.new_id,
    )
    return Answer(SessionOut.of(session), {"Location": f"/v1/sessions/{session.session_id}"})


@sessions.route("GET", "/v1/courses/{course_id}/sessions")
def list_sessions(_: ApiRequest, course_id: str, query: SessionsQuery) -> PageOut[SessionOut]:
    """List a course's sessions by the time at which they open."""
    wiring.courses().get(course_id)
    page = wiring.sessions().of_course(
        course_id, query.limit, query.cursor, opens_from=query.from_, opens_until=query.until
    )
    return PageOut(items=tuple(map(SessionOut.of, page.items)), next_cursor=page.cursor)


@sessions.route("GET", "/v1/courses/{course_id}/flagged-sessions")
def list_flagged_sessions(_: ApiRequest, course_id: str, query: PageQuery) -> PageOut[SessionOut]:
    """List the sessions of a course that a human should look at.

    no_usable_frames: no camera saw anything, so who was not seen is not taken for absent. unconfirmed: somebody's
    sighting awaits a human, who confirms it, turns it down or marks the person.
    """
    wiring.courses().get(course_id)
    page = wiring.sessions().flagged(course_id, query.limit, query.cursor)
    return PageOut(items=tuple(map(SessionOut.of, page.items)), next_cursor=page.cursor)


@sessions.route("DELETE", "/v1/sessions/{session_id}/flag")
def delete_flag(_: ApiRequest, session_id: str) -> SessionOut:
    """Clear a session's flag: a human has looked at it. Who was not seen stays unseen until marked by hand."""
    return SessionOut.of(clear_flag(session_id, sessions=wiring.sessions()))


@sessions.route("GET", "/v1/sessions/{session_id}")
def get_session(_: ApiRequest, session_id: str) -> Answer[SessionOut]:
    """Read a session."""
    session = wiring.sessions().get(session_id)
    return Answer(SessionOut.of(session), etag=session.revision)


@sessions.route("POST", "/v1/sessions/{session_id}/open", errors=[SessionNotOpen])
def post_open(_: ApiRequest, session_id: str) -> SessionOut:
    """Open a session before its time. Opening an open session changes nothing."""
    return SessionOut.of(open_session(session_id, sessions=wiring.sessions(), clock=utc_now))


@sessions.route("POST", "/v1/sessions/{session_id}/cancel", errors=[SessionBegun])
def post_cancel(_: ApiRequest, session_id: str) -> SessionOut:
    """Cancel a session that has not begun. A timetable does not bring it back; cancelling twice changes nothing."""
    return SessionOut.of(cancel_session(session_id, sessions=wiring.sessions(), clock=utc_now))


@sessions.route("POST", "/v1/sessions/{session_id}/close", errors=[SessionNotOpen])
def post_close(_: ApiRequest, session_id: str) -> SessionOut:
    """Close a session: later frames do not belong to it, outstanding ones are waited for."""
    session = close_session(
        session_id,
        sessions=wiring.sessions(),
        courses=wiring.courses(),
        attendance=wiring.attendance(),
        frames=wiring.frames(),
        clock=utc_now,
        patience=wiring.settings().closing_patience,
    )
    return SessionOut.of(session)
