"""Who calls: callers, cameras and their tokens."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    ADMIN = "admin"
    INSTRUCTOR = "instructor"
    STUDENT = "student"
    CAMERA = "camera"


@dataclass(frozen=True)
class Caller:
    """Who a verified token speaks for. The subject of an instructor or student is the person's id."""

    subject: str
    role: Role


@dataclass(frozen=True)
class Camera:
    """A device with a token of its own, for the courses that it may post frames to."""

    camera_id: str
    name: str
    course_ids: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None = None
