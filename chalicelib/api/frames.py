"""/v1/…/frames: pictures in, sightings out."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from chalice.app import Response

from chalicelib import wiring
from chalicelib.api.routes import CAMERA, ApiRequest, Routes
from chalicelib.api.schemas import FrameQuery, FrameUploadIn, tickets_out, time_out
from chalicelib.domain.clock import utc_now
from chalicelib.domain.frames import Frame, FrameState
from chalicelib.domain.quality import CameraHealth, Condition, Reason, advice_on
from chalicelib.domain.sightings import Sighting
from chalicelib.services.post_frame import post_frame
from chalicelib.services.read_frame import read_frame
from chalicelib.services.start_frame_upload import start_frame_upload

frames = Routes(__name__)


# Every type that the gateway passes on as bytes; what they are is decided by the bytes, in one place.
PICTURE_TYPES = [
    *("image/jpeg", "image/png", "image/webp", "image/gif"),
    *("application/octet-stream", "application/x-www-form-urlencoded"),
]


@frames.route("/v1/sessions/{session_id}/frames", methods=["POST"], roles=CAMERA, content_types=PICTURE_TYPES)
def post_frame_view(request: ApiRequest, session_id: str) -> Response:
    frame = post_frame(
        session_id,
        request.body,
        by=request.caller,
        sessions=wiring.sessions(),
        frames=wiring.frames(),
        media=wiring.media(),
        access=wiring.access(),
        clock=utc_now,
    )
    return Response(_frame_out(frame), status_code=202, headers={"Location": f"/v1/frames/{frame.frame_id}"})


@frames.route("/v1/sessions/{session_id}/frame-uploads", methods=["POST"], roles=CAMERA)
def post_frame_upload(request: ApiRequest, session_id: str) -> Response:
    body = request.json(FrameUploadIn)
    frame, ticket = start_frame_upload(
        session_id,
        content_type=body.content_type,
        length=body.length,
        by=request.caller,
        sessions=wiring.sessions(),
        frames=wiring.frames(),
        media=wiring.media(),
        access=wiring.access(),
        clock=utc_now,
    )
    out = _frame_out(frame) | {"upload": tickets_out([ticket])[0]}
    return Response(out, status_code=201, headers={"Location": f"/v1/frames/{frame.frame_id}"})


@frames.route("/v1/frames/{frame_id}", methods=["GET"], roles=CAMERA)
def get_frame(request: ApiRequest, frame_id: str) -> Response:
    query = request.query(FrameQuery)
    frame = read_frame(
        frame_id,
        query.wait,
        by=request.caller,
        frames=wiring.frames(),
        sessions=wiring.sessions(),
        access=wiring.access(),
        sleep=time.sleep,
    )
    headers: dict[str, str | list[str]] = {"Retry-After": "1"} if frame.state is FrameState.PENDING else {}
    return Response(_frame_out(frame), headers=headers)


def _frame_out(frame: Frame) -> dict[str, Any]:
    """Sightings are shown once they are in the register too, never before."""
    result = frame.result if frame.state is not FrameState.PENDING else None
    return {
        "id": frame.frame_id,
        "session_id": frame.session_id,
        "state": frame.state.value,
        "received_at": time_out(frame.received_at),
        "model_id": None if result is None else result.model_id,
        "sightings": [] if result is None else [_sighting_out(sighting) for sighting in result.sightings],
        "health": None if result is None or result.health is None else _health_out(result.health),
        "rejection": None if result is None or result.rejection is None else asdict(result.rejection),
        "next_frame_in_seconds": wiring.settings().next_frame_seconds,
    }


def _sighting_out(sighting: Sighting) -> dict[str, Any]:
    fields = asdict(sighting)
    return {
        "box": {name: round(value, 1) for name, value in fields["box"].items()},
        "candidate": sighting.candidate,
        "decision": sighting.decision.value,
        **{
            name: round(fields[name], 4)
            for name in ("detection", "quality", "similarity", "score", "margin", "threshold", "confidence")
        },
        "reasons": _faults_out(sighting.reasons),
    }


def _health_out(health: CameraHealth) -> dict[str, Any]:
    return {
        "brightness": round(health.brightness, 1),
        "contrast": round(health.contrast, 1),
        "sharpness": round(health.sharpness, 3),
        "conditions": _faults_out(health.conditions),
    }


def _faults_out(faults: Sequence[Reason | Condition]) -> list[dict[str, str]]:
    return [{"code": fault.value, "advice": advice_on(fault)} for fault in faults]
