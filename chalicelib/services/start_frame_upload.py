"""Start a frame upload: a presigned PUT for pictures too large for the API, or cameras that upload directly."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import SessionNotOpen
from chalicelib.domain.frames import Frame
from chalicelib.domain.ids import Kind, NewId, fresh_id
from chalicelib.domain.sessions import SessionState
from chalicelib.services.ports import Frames, Media, Models, Sessions, UploadTicket


def start_frame_upload(
    session_id: str,
    *,
    content_type: str,
    length: int,
    sessions: Sessions,
    frames: Frames,
    media: Media,
    models: Models,
    clock: Clock,
    new_id: NewId = fresh_id,
) -> tuple[Frame, UploadTicket]:
    """The record is written first and the key minted from it. Raises BiometricsOff, SessionNotFound, SessionNotOpen."""
    models.biometrics().require_on()
    now = clock()
    session = sessions.get(session_id)
    if now >= session.closes_at or session.state is SessionState.CANCELLED:
        raise SessionNotOpen(f"The session was cancelled, or closed at {session.closes_at.isoformat()}.")
    frame = frames.add(
        Frame(frame_id=new_id(Kind.FRAME), session_id=session_id, created_at=now, received_at=None)
    )
    return frame, media.ticket(frame.key, content_type, length, now)
