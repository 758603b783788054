"""Frames: one picture of a session, and what was seen in it. The result is written once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.quality import CameraHealth, Condition
from chalicelib.domain.sightings import Sighting

BLIND = frozenset({Condition.BLOCKED, Condition.DARK})


class FrameState(StrEnum):
    PENDING = "pending"  # minted or received, not yet merged into the register
    DONE = "done"
    REJECTED = "rejected"  # no sightings: unreadable, or outside its session


@dataclass(frozen=True)
class Rejection:
    """Why a frame or a registration came to nothing: a stable code and a sentence."""

    code: str
    detail: str


@dataclass(frozen=True)
class FrameResult:
    """What one model saw in a frame, or why nothing could be seen. `health` is None where no picture was read."""

    model_id: str
    received_at: datetime
    sightings: tuple[Sighting, ...] = ()
    rejection: Rejection | None = None
    health: CameraHealth | None = None

    @property
    def shows_something(self) -> bool:
        """Whether who was in the room could have been seen: a picture was read, and it is not black or covered."""
        if self.rejection is not None:
            return False
        return self.health is None or not BLIND.intersection(self.health.conditions)


@dataclass(frozen=True)
class Frame:
    """`received_at` is the server's clock: the API's for a post, the S3 event's for a presigned upload."""

    frame_id: str
    session_id: str
    created_at: datetime
    received_at: datetime | None
    state: FrameState = FrameState.PENDING
    result: FrameResult | None = None

    @property
    def key(self) -> str:
        return f"frames/{self.session_id}/{self.frame_id}"
