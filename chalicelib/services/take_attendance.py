"""Take attendance from an uploaded frame: see once, write the result once, merge it as often as it takes.

Whatever write the process dies after, the event delivered again carries on and ends in the same register.
"""

from collections.abc import Callable
from datetime import datetime

from chalicelib.domain.attendance import evidence_of, sighted
from chalicelib.domain.drift import TallyOf, tally_of
from chalicelib.domain.errors import (
    BiometricsOff,
    ConsentMissing,
    FrameNotFound,
    PayloadTooLarge,
    UnreadableMedia,
    UnsupportedMediaType,
)
from chalicelib.domain.frames import Frame, FrameResult, FrameState, Rejection
from chalicelib.domain.history import Act, Cause
from chalicelib.domain.sessions import Confirmation, Session
from chalicelib.domain.sightings import Decision, Seen, Sighting
from chalicelib.services.merge_attendance import merge_attendance
from chalicelib.services.ports import Attendance, Frames, Gallery, Media, Recogniser, Sessions, Tallies
from chalicelib.services.settle_flag import settle_flag
from chalicelib.services.watch_session import watch_session


def take_attendance(
    key: str,
    uploaded_at: datetime,
    *,
    frames: Frames,
    sessions: Sessions,
    attendance: Attendance,
    media: Media,
    recogniser: Recogniser,
    gallery_of: Callable[[str], Gallery],
    tallies: Tallies,
    max_bytes: int,
) -> Frame:
    """Raises FrameNotFound for a key that was never minted, Contention, ModelNotInstalled."""
    frame = _frame_of(key, frames)
    if frame.state is not FrameState.PENDING:
        return frame
    session = sessions.get(frame.session_id)
    seen_now: FrameResult | None = None
    if frame.result is None:
        received_at = frame.received_at or uploaded_at
        try:
            result = (
                _look(frame, received_at, media, recogniser, gallery_of(session.course_id), max_bytes)
                if session.covers(received_at)
                else _outside_session(recogniser.model_id, received_at)
            )
        except BiometricsOff as error:
            media.delete(frame.key)
            rejection = Rejection(error.code, str(error))
            result = FrameResult(recogniser.model_id, received_at, rejection=rejection)
        frame = frames.record_result(frame, result)
        seen_now = result if frame.result is result else None  # else another delivery was first
    if frame.result is not None:
        _merge(frame.frame_id, frame.result, session, attendance)
        if frame.result.shows_something:
            watch_session(session.session_id, sessions=sessions, attendance=attendance)
        settle_flag(session, sessions=sessions, attendance=attendance)
    frames.finish(frame)
    if seen_now is not None:
        _tally(seen_now, session.course_id, tallies)
    return frame


def _tally(result: FrameResult, course_id: str, tallies: Tallies) -> None:
    """Once at most, and after all that the register needs: a process that dies before leaves one frame uncounted."""
    tally = tally_of(result)
    if tally is not None:
        tallies.add(TallyOf(course_id, result.received_at.date(), result.model_id, tally))


def _frame_of(key: str, frames: Frames) -> Frame:
    frame_id = key.rpartition("/")[2]
    frame = frames.get(frame_id) if frame_id else None
    if frame is None or frame.key != key:
        raise FrameNotFound(f"No frame was minted for the key {key}.")
    return frame


def _outside_session(model_id: str, received_at: datetime) -> FrameResult:
    rejection = Rejection("session_not_open", "The frame was uploaded outside its session's time.")
    return FrameResult(model_id=model_id, received_at=received_at, rejection=rejection)


def _look(
    frame: Frame,
    received_at: datetime,
    media: Media,
    recogniser: Recogniser,
    gallery: Gallery,
    max_bytes: int,
) -> FrameResult:
    """What the recogniser sees; a picture that cannot be read is a result too, and is never tried again."""
    seen: Seen | None = None
    rejection = None
    try:
        picture = media.get(frame.key, max_bytes)
        if picture is None:
            rejection = Rejection("picture_missing", "The picture was deleted before it was read.")
        else:
            seen = recogniser.recognise(picture, gallery)
    except (UnreadableMedia, UnsupportedMediaType, PayloadTooLarge) as error:
        rejection = Rejection(error.code, str(error))
    if seen is None:
        return FrameResult(gallery.model_id, received_at, rejection=rejection)
    return FrameResult(gallery.model_id, received_at, seen.sightings, health=seen.health)


def _merge(frame_id: str, result: FrameResult, session: Session, attendance: Attendance) -> None:
    for sighting in result.sightings:
        if sighting.candidate is not None and sighting.decision is not Decision.UNKNOWN:
            _merge_one(sighting.candidate, sighting, frame_id, result, session, attendance)


def _merge_one(
    person_id: str,
    sighting: Sighting,
    frame_id: str,
    result: FrameResult,
    session: Session,
    attendance: Attendance,
) -> None:
    evidence = evidence_of(sighting, frame_id, result.model_id)
    only_propose = session.confirmation is Confirmation.REVIEW
    at = result.received_at
    try:
        merge_attendance(
            attendance.get(session.session_id, person_id),
            lambda record: sighted(record, sighting.decision, evidence, at, only_propose=only_propose),
            session=session,
            cause=Cause(Act.SIGHTED, at, frame_id=frame_id),
            attendance=attendance,
            needs_consent=True,
        )
    except ConsentMissing:
        # Withdrawn between the look and the write: the person is not marked, the others are.
        return
