"""/v1/sessions/{id}/attendance/{person}: what humans decide of one person, and the history of it."""

from typing import Literal

from chalicelib import wiring
from chalicelib.api.attendance import RecordOut
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Answer, Routes
from chalicelib.api.schemas import In, Out, Query, Text, Time
from chalicelib.domain.attendance import Status
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import NotOnRoster, SessionNotOpen
from chalicelib.domain.history import Act, Change
from chalicelib.services.clear_mark import clear_mark
from chalicelib.services.mark_attendance import mark_attendance

marks = Routes(__name__)

PATH = "/v1/sessions/{session_id}/attendance/{person_id}"


class MarkIn(In):
    """Who is excused is excused for a reason."""

    status: Literal[Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED]
    reason: Text | None = None


class ClearQuery(Query):
    reason: Text | None = None


class ChangeOut(Out):
    """`by`: the person who did it; null for a camera or the clockwork."""

    revision: int
    act: Act
    at: Time
    by: str | None
    reason: str | None
    frame_id: str | None
    before: Status
    after: Status

    @classmethod
    def of(cls, change: Change) -> "ChangeOut":
        cause = change.cause
        return cls(
            revision=change.revision,
            act=cause.act,
            at=cause.at,
            by=cause.by,
            reason=cause.reason,
            frame_id=cause.frame_id,
            before=change.before,
            after=change.after,
        )


class HistoryOut(Out):
    """In the order in which it happened to the record."""

    items: tuple[ChangeOut, ...]


@marks.route("PUT", PATH, errors=[SessionNotOpen, NotOnRoster], edits=True)
def put_mark(request: ApiRequest, session_id: str, person_id: str, body: MarkIn) -> Answer[RecordOut]:
    """Mark a person by hand. It outranks what cameras saw and will see; of two marks the last stands."""
    record = mark_attendance(
        session_id,
        person_id,
        body.status,
        by=request.caller.subject,
        reason=body.reason,
        sessions=wiring.sessions(),
        courses=wiring.courses(),
        attendance=wiring.attendance(),
        clock=utc_now,
        expected_revision=request.if_match,
    )
    return Answer(RecordOut.of(record), etag=record.revision)


@marks.route("DELETE", PATH, errors=[SessionNotOpen, NotOnRoster], edits=True)
def delete_mark(request: ApiRequest, session_id: str, person_id: str, query: ClearQuery) -> Answer[RecordOut]:
    """Clear a mark or a confirmation: what cameras and codes say counts again. Without one, nothing happens."""
    record = clear_mark(
        session_id,
        person_id,
        by=request.caller.subject,
        reason=query.reason,
        sessions=wiring.sessions(),
        courses=wiring.courses(),
        attendance=wiring.attendance(),
        clock=utc_now,
        expected_revision=request.if_match,
    )
    return Answer(RecordOut.of(record), etag=record.revision)


@marks.route("GET", f"{PATH}/history")
def get_history(_: ApiRequest, session_id: str, person_id: str) -> HistoryOut:
    """Read every human act on a person's attendance, and every change of its status."""
    wiring.sessions().get(session_id)
    changes = wiring.attendance().history(session_id, person_id)
    return HistoryOut(items=tuple(map(ChangeOut.of, changes)))
