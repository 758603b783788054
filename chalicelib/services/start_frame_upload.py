"""Start a frame upload: a presigned PUT for pictures too large for the API, or cameras that upload directly."""

from chalicelib.domain.access import Caller
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import SessionNotOpen
from chalicelib.domain.frames import Frame
from chalicelib.domain.ids import Kind, new_id
from chalicelib.services.authorise_camera import authorise_camera
from chalicelib.services.ports import Access, Frames, Media, Sessions, UploadTicket


def start_frame_upload(
    session_id: str,
    *,
    content_type: str,
    length: int,
    by: Caller,
    sessions: Sessions,
    frames: Frames,
    media: Media,
    access: Access,
    clock: Clock,
) -> tuple[Frame, UploadTicket]:
    """The record is written first and the key minted from it. Raises SessionNotFound, SessionNotOpen, Forbidden."""
    now = clock()
    session = sessions.get(session_id)
    authorise_camera(by, session.course_id, access=access)
    if now >= session.closes_at:
        raise SessionNotOpen(f"The session closed at {session.closes_at.isoformat()}.")
    frame = Frame(frame_id=new_id(Kind.FRAME), session_id=session_id, created_at=now, received_at=None)
    frames.add(frame)
    return frame, media.ticket(frame.key, content_type, length, now)
