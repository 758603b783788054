"""Read a frame's sightings, waiting a little for them if asked to."""

from collections.abc import Callable

from chalicelib.domain.frames import Frame, FrameState
from chalicelib.services.ports import Frames

POLL_SECONDS = 0.25


def read_frame(
    frame_id: str,
    wait_seconds: float,
    *,
    frames: Frames,
    sleep: Callable[[float], None],
) -> Frame:
    """The frame, pending if it was not processed in time. Raises FrameNotFound."""
    frame = frames.get(frame_id)
    for _ in range(round(wait_seconds / POLL_SECONDS)):
        if frame.state is not FrameState.PENDING:
            break
        sleep(POLL_SECONDS)
        frame = frames.get(frame_id)
    return frame
