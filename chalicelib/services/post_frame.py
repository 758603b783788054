"""Post a frame: the picture is kept and everything else happens afterwards, event by event."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import SessionNotOpen
from chalicelib.domain.frames import Frame
from chalicelib.domain.ids import Kind, NewId, fresh_id
from chalicelib.domain.media import check_picture
from chalicelib.services.ports import Frames, Media, Models, Sessions


def post_frame(
    session_id: str,
    picture: bytes,
    *,
    sessions: Sessions,
    frames: Frames,
    media: Media,
    models: Models,
    clock: Clock,
    new_id: NewId = fresh_id,
) -> Frame:
    """Raises BiometricsOff, SessionNotFound, SessionNotOpen, and what is wrong with the picture's type or size."""
    models.biometrics().require_on()
    now = clock()
    session = sessions.get(session_id)
    if not session.covers(now):
        raise SessionNotOpen(
            f"The session takes frames from {session.opens_at.isoformat()} until {session.closes_at.isoformat()}."
        )
    header = check_picture(picture)
    frame = frames.add(
        Frame(frame_id=new_id(Kind.FRAME), session_id=session_id, created_at=now, received_at=now)
    )
    media.put(frame.key, picture, header.media_type)
    return frame
