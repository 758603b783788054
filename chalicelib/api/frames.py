"""/v1/…/frames: pictures in, sightings out."""

import time
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from chalicelib import wiring
from chalicelib.api.attendance import BoxOut
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Answer, Routes
from chalicelib.api.schemas import In, Out, Query, TicketOut, Time
from chalicelib.domain import errors
from chalicelib.domain.clock import utc_now
from chalicelib.domain.frames import Frame, FrameState, Rejection
from chalicelib.domain.media import MediaType
from chalicelib.domain.quality import CameraHealth, Condition, Reason, advice_on
from chalicelib.domain.sightings import Decision, Sighting
from chalicelib.services.limit_frames import limit_frames
from chalicelib.services.post_frame import post_frame
from chalicelib.services.read_frame import read_frame
from chalicelib.services.start_frame_upload import start_frame_upload
from chalicelib.settings import MAX_FRAME_BYTES, MAX_FRAME_WAIT_SECONDS

frames = Routes(__name__)


# Every type that the gateway passes on as bytes; what they are is decided by the bytes, in one place.
PICTURE_TYPES = [
    *("image/jpeg", "image/png", "image/webp", "image/gif"),
    *("application/octet-stream", "application/x-www-form-urlencoded"),
]


class FrameUploadIn(In):
    content_type: Literal[MediaType.JPEG, MediaType.PNG, MediaType.WEBP]
    length: Annotated[int, Field(ge=1, le=MAX_FRAME_BYTES)]


class FrameQuery(Query):
    """`wait`: for how many seconds to wait for the sightings."""

    wait: Annotated[float, Field(ge=0, le=MAX_FRAME_WAIT_SECONDS)] = 0


class FaultOut(Out):
    """What is wrong with a view or a camera, and what to do about it."""

    code: str
    advice: str

    @classmethod
    def of(cls, faults: Sequence[Reason | Condition]) -> "tuple[FaultOut, ...]":
        return tuple(cls(code=fault.value, advice=advice_on(fault)) for fault in faults)


class SightingOut(Out):
    """One face. Higher is closer; `candidate` is the person whom it resembles most, whatever was decided."""

    box: BoxOut
    candidate: str | None
    decision: Decision
    detection: float
    quality: float
    similarity: float
    score: float
    margin: float
    threshold: float
    confidence: float
    reasons: tuple[FaultOut, ...]

    @classmethod
    def of(cls, sighting: Sighting) -> "SightingOut":
        box = sighting.box
        return cls(
            box=BoxOut(
                left=round(box.left, 1),
                top=round(box.top, 1),
                width=round(box.width, 1),
                height=round(box.height, 1),
            ),
            candidate=sighting.candidate,
            decision=sighting.decision,
            detection=round(sighting.detection, 4),
            quality=round(sighting.quality, 4),
            similarity=round(sighting.similarity, 4),
            score=round(sighting.score, 4),
            margin=round(sighting.margin, 4),
            threshold=round(sighting.threshold, 4),
            confidence=round(sighting.confidence, 4),
            reasons=FaultOut.of(sighting.reasons),
        )


class HealthOut(Out):
    """How the camera does: figures of its picture, and what is wrong with it."""

    brightness: float
    contrast: float
    sharpness: float
    conditions: tuple[FaultOut, ...]

    @classmethod
    def of(cls, health: CameraHealth) -> "HealthOut":
        return cls(
            brightness=round(health.brightness, 1),
            contrast=round(health.contrast, 1),
            sharpness=round(health.sharpness, 3),
            conditions=FaultOut.of(health.conditions),
        )


class RejectionOut(Out):
    code: str
    detail: str

    @classmethod
    def of(cls, rejection: Rejection) -> "RejectionOut":
        return cls(code=rejection.code, detail=rejection.detail)


class FrameOut(Out):
    """Sightings are shown once they are in the register too, never before."""

    id: str
    session_id: str
    state: FrameState
    received_at: Time | None
    model_id: str | None
    sightings: tuple[SightingOut, ...]
    health: HealthOut | None
    rejection: RejectionOut | None
    next_frame_in_seconds: int

    @classmethod
    def of(cls, frame: Frame, next_frame_in_seconds: int) -> "FrameOut":
        result = frame.result if frame.state is not FrameState.PENDING else None
        health, rejection = (None, None) if result is None else (result.health, result.rejection)
        return cls(
            id=frame.frame_id,
            session_id=frame.session_id,
            state=frame.state,
            received_at=frame.received_at,
            model_id=None if result is None else result.model_id,
            sightings=() if result is None else tuple(map(SightingOut.of, result.sightings)),
            health=None if health is None else HealthOut.of(health),
            rejection=None if rejection is None else RejectionOut.of(rejection),
            next_frame_in_seconds=next_frame_in_seconds,
        )


class NewFrameOut(FrameOut):
    upload: TicketOut


@frames.route(
    "POST",
    "/v1/sessions/{session_id}/frames",
    status=202,
    takes=PICTURE_TYPES,
    errors=[errors.SessionNotOpen, errors.EmptyBody, errors.UnreadablePicture, errors.TooManyRequests],
)
def post_frame_view(request: ApiRequest, session_id: str) -> Answer[FrameOut]:
    """Post a frame, up to 4.5 MB. Its sightings are read at the Location that is answered."""
    limit_frames(request.caller, limits=wiring.rate_limits())
    frame = post_frame(
        session_id,
        request.body,
        sessions=wiring.sessions(),
        frames=wiring.frames(),
        media=wiring.media(),
        models=wiring.models(),
        clock=utc_now,
        new_id=request.new_id,
    )
    return Answer(_frame_out(frame), {"Location": f"/v1/frames/{frame.frame_id}"})


@frames.route(
    "POST",
    "/v1/sessions/{session_id}/frame-uploads",
    status=201,
    errors=[errors.SessionNotOpen, errors.TooManyRequests],
)
def post_frame_upload(request: ApiRequest, session_id: str, body: FrameUploadIn) -> Answer[NewFrameOut]:
    """Start a frame upload: a ticket for pictures too large to be posted, or cameras that upload directly."""
    limit_frames(request.caller, limits=wiring.rate_limits())
    frame, ticket = start_frame_upload(
        session_id,
        content_type=body.content_type,
        length=body.length,
        sessions=wiring.sessions(),
        frames=wiring.frames(),
        media=wiring.media(),
        models=wiring.models(),
        clock=utc_now,
        new_id=request.new_id,
    )
    out = NewFrameOut(**dict(_frame_out(frame)), upload=TicketOut.of([ticket])[0])
    return Answer(out, {"Location": f"/v1/frames/{frame.frame_id}"})


@frames.route("GET", "/v1/frames/{frame_id}")
def get_frame(_: ApiRequest, frame_id: str, query: FrameQuery) -> Answer[FrameOut]:
    """Read a frame's sightings, waiting a little for them if asked to."""
    frame = read_frame(frame_id, query.wait, frames=wiring.frames(), sleep=time.sleep)
    return Answer(_frame_out(frame), {"Retry-After": "1"} if frame.state is FrameState.PENDING else {})


def _frame_out(frame: Frame) -> FrameOut:
    return FrameOut.of(frame, wiring.settings().next_frame_seconds)
