"""Read a frame's sightings, waiting a little for them if asked to."""

from collections.abc import Callable

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.frames import Frame, FrameState
from chalicelib.services.authorise_camera import authorise_camera
from chalicelib.services.ports import Access, Frames, Sessions

POLL_SECONDS = 0.25


def read_frame(
    frame_id: str,
    wait_seconds: float,
    *,
    by: Caller,
    frames: Frames,
    sessions: Sessions,
    access: Access,
    sleep: Callable[[float], None],
) -> Frame:
    """The frame, pending if it was not processed in time. Raises FrameNotFound, Forbidden."""
    frame = frames.get(frame_id)
    if by.role is Role.CAMERA:
        authorise_camera(by, sessions.get(frame.session_id).course_id, access=access)
    for _ in range(round(wait_seconds / POLL_SECONDS)):
        if frame.state is not FrameState.PENDING:
            break
        sleep(POLL_SECONDS)
        frame = frames.get(frame_id)
    return frame
