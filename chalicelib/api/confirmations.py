"""/v1/sessions/{id}/confirmations and rejections: what an instructor says of proposed sightings."""

from typing import Annotated

from pydantic import Field

from chalicelib import wiring
from chalicelib.api.attendance import RecordOut
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import Id, In, Out, Text
from chalicelib.domain.clock import utc_now
from chalicelib.services.confirm_sightings import confirm_sightings
from chalicelib.services.reject_sightings import reject_sightings

confirmations = Routes(__name__)

People = Annotated[frozenset[Id], Field(min_length=1, max_length=1000)]


class ConfirmationIn(In):
    """Without person_ids: everybody who awaits it."""

    person_ids: People | None = None


class RejectionIn(In):
    person_ids: People
    reason: Text | None = None


class RecordsOut(Out):
    """Those of whom something was proposed."""

    items: tuple[RecordOut, ...]


@confirmations.route("POST", "/v1/sessions/{session_id}/confirmations")
def post_confirmation(request: ApiRequest, session_id: str, body: ConfirmationIn) -> RecordsOut:
    """Confirm proposed sightings: the people were there, since when they were seen. Late is who was seen late."""
    records = confirm_sightings(
        session_id,
        body.person_ids,
        by=request.caller.subject,
        sessions=wiring.sessions(),
        attendance=wiring.attendance(),
        clock=utc_now,
    )
    return RecordsOut(items=tuple(map(RecordOut.of, records)))


@confirmations.route("POST", "/v1/sessions/{session_id}/rejections")
def post_rejection(request: ApiRequest, session_id: str, body: RejectionIn) -> RecordsOut:
    """Reject proposed sightings: the same evidence is not proposed again, a better one may be."""
    records = reject_sightings(
        session_id,
        body.person_ids,
        by=request.caller.subject,
        reason=body.reason,
        sessions=wiring.sessions(),
        attendance=wiring.attendance(),
        clock=utc_now,
    )
    return RecordsOut(items=tuple(map(RecordOut.of, records)))
