"""/v1/frames/{id}/claims: "that is me", said of a face in a frame, and what became of it."""

import time
from typing import Annotated

from pydantic import Field

from chalicelib import wiring
from chalicelib.api.attendance import BoxOut
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Answer, Routes
from chalicelib.api.schemas import Id, In, Out, PageOut, PageQuery, Query, Time
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.claims import Claim, ClaimState, Comparison
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import (
    FaceNotFound,
    Forbidden,
    FrameNotRead,
    InvalidRequest,
    NotOnRoster,
    TooManyRequests,
)
from chalicelib.services.make_claim import Pointed, make_claim
from chalicelib.services.read_claim import read_claim
from chalicelib.settings import MAX_FRAME_WAIT_SECONDS

claims = Routes(__name__)

Pixels = Annotated[float, Field(ge=0, le=100_000)]


class PointIn(In):
    """Pixels from the top left corner of the upright picture."""

    x: Pixels
    y: Pixels


class ClaimIn(In):
    """Whose a face is: `face` is its place among the frame's sightings, from 0; or `point` lies in its box.

    A student claims for himself and may leave out `person_id`.
    """

    person_id: Id | None = None
    face: Annotated[int, Field(ge=0, le=1000)] | None = None
    point: PointIn | None = None


class ClaimQuery(Query):
    """`wait`: for how many seconds to wait for the verdict."""

    wait: Annotated[float, Field(ge=0, le=MAX_FRAME_WAIT_SECONDS)] = 0


class ComparisonOut(Out):
    """The face compared with the person alone; higher is closer. The threshold of a claim applies to `score`."""

    model_id: str
    box: BoxOut
    similarity: float
    score: float
    threshold: float

    @classmethod
    def of(cls, comparison: Comparison) -> "ComparisonOut":
        return cls(
            model_id=comparison.model_id,
            box=BoxOut(**vars(comparison.box)),
            similarity=round(comparison.similarity, 4),
            score=round(comparison.score, 4),
            threshold=round(comparison.threshold, 4),
        )


class ClaimOut(Out):
    """`code` says why a claim was refused. What was refused is left to the instructor, who may mark the person."""

    id: str
    session_id: str
    frame_id: str
    person_id: str
    face: int
    state: ClaimState
    code: str | None
    comparison: ComparisonOut | None
    by: str
    created_at: Time

    @classmethod
    def of(cls, claim: Claim, caller: Caller) -> "ClaimOut":
        """Figures help whoever tries faces until one passes: students and cameras are not told them."""
        verdict = claim.verdict
        told = caller.role in (Role.ADMIN, Role.INSTRUCTOR)
        comparison = None if verdict is None or not told else verdict.comparison
        return cls(
            id=claim.claim_id,
            session_id=claim.session_id,
            frame_id=claim.frame_id,
            person_id=claim.person_id,
            face=claim.face,
            state=claim.state,
            code=None if verdict is None else verdict.code,
            comparison=None if comparison is None else ComparisonOut.of(comparison),
            by=claim.by,
            created_at=claim.created_at,
        )


@claims.route(
    "POST",
    "/v1/frames/{frame_id}/claims",
    status=202,
    errors=[FrameNotRead, FaceNotFound, NotOnRoster, TooManyRequests],
)
def post_claim(request: ApiRequest, frame_id: str, body: ClaimIn) -> Answer[ClaimOut]:
    """Claim a face of a frame for a person. Its verdict is read at the Location that is answered."""
    claim = make_claim(
        frame_id,
        _claimant(request.caller, body.person_id),
        Pointed(face=body.face, point=None if body.point is None else (body.point.x, body.point.y)),
        by=request.caller,
        frames=wiring.frames(),
        sessions=wiring.sessions(),
        courses=wiring.courses(),
        claims=wiring.claims(),
        claims_made=wiring.claims_made(),
        limits=wiring.rate_limits(),
        models=wiring.models(),
        clock=utc_now,
    )
    location = f"/v1/frames/{frame_id}/claims/{claim.claim_id}"
    return Answer(ClaimOut.of(claim, request.caller), {"Location": location})


@claims.route("GET", "/v1/frames/{frame_id}/claims/{claim_id}")
def get_claim(request: ApiRequest, frame_id: str, claim_id: str, query: ClaimQuery) -> Answer[ClaimOut]:
    """Read what became of a claim, waiting a little for it if asked to."""
    claim = read_claim(
        frame_id, claim_id, query.wait, frames=wiring.frames(), claims=wiring.claims(), sleep=time.sleep
    )
    if request.caller.role is Role.STUDENT and claim.person_id != request.caller.subject:
        raise Forbidden("This is another person's claim.")
    headers = {"Retry-After": "1"} if claim.state is ClaimState.PENDING else {}
    return Answer(ClaimOut.of(claim, request.caller), headers)


@claims.route("GET", "/v1/sessions/{session_id}/claims")
def list_claims(request: ApiRequest, session_id: str, query: PageQuery) -> PageOut[ClaimOut]:
    """List the claims to faces of a session: what was refused is for the instructor to look at."""
    wiring.sessions().get(session_id)
    page = wiring.claims().of_session(session_id, query.limit, query.cursor)
    items = tuple(ClaimOut.of(claim, request.caller) for claim in page.items)
    return PageOut[ClaimOut](items=items, next_cursor=page.cursor)


def _claimant(caller: Caller, person_id: str | None) -> str:
    if caller.role is Role.STUDENT:
        if person_id not in (None, caller.subject):
            raise Forbidden("A student claims a face for himself.")
        return caller.subject
    if person_id is None:
        raise InvalidRequest("person_id: a claim says whose the face is.")
    return person_id
