"""A frame was uploaded: take attendance from it."""

from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.errors import FrameNotFound
from chalicelib.domain.sightings import Decision
from chalicelib.events.uploads import Upload, for_each_upload
from chalicelib.observability import count, instrumented, logger
from chalicelib.services.take_attendance import take_attendance
from chalicelib.settings import MAX_FRAME_BYTES

frames = Blueprint(__name__)


@frames.lambda_function(name="on_frame_uploaded")
@instrumented
def on_frame_uploaded(event: dict[str, Any], _context: Any) -> Any:
    return for_each_upload(event, _take)


def _take(upload: Upload) -> None:
    try:
        frame = take_attendance(
            upload.key,
            upload.at,
            frames=wiring.frames(),
            sessions=wiring.sessions(),
            attendance=wiring.attendance(),
            media=wiring.media(),
            recogniser=wiring.recogniser(),
            gallery_of=wiring.gallery_of(),
            tallies=wiring.tallies(),
            max_bytes=MAX_FRAME_BYTES,
        )
    except FrameNotFound as error:  # not ours, or expired: nothing will ever come of it
        count("UploadDropped")
        return logger.warning("upload dropped", code=error.code)
    result = frame.result
    sightings = () if result is None else result.sightings
    decisions = [sighting.decision for sighting in sightings]
    conditions = () if result is None or result.health is None else result.health.conditions
    count("FacesSeen", len(decisions))
    count("CameraUnhealthy", 1 if conditions else 0)
    logger.info(
        "frame taken",
        frame_id=frame.frame_id,
        session_id=frame.session_id,
        model_id=None if result is None else result.model_id,
        rejection=None if result is None or result.rejection is None else result.rejection.code,
        accepted=decisions.count(Decision.ACCEPTED),
        review=decisions.count(Decision.REVIEW),
        unknown=decisions.count(Decision.UNKNOWN),
        camera=[condition.value for condition in conditions],
    )
    return None
