"""Who calls: roles, what they reach, cameras and their tokens."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    ADMIN = "admin"
    INSTRUCTOR = "instructor"
    STUDENT = "student"
    CAMERA = "camera"


class Reach(StrEnum):
    """How far a role reaches on a route: every object, or its own.

    Own are an instructor's courses and the people on their rosters, a student himself and the courses that he takes, a
    camera's courses; and of these the sessions and frames.
    """

    EVERY = "every"
    OWN = "own"


@dataclass(frozen=True)
class Caller:
    """Who a verified token speaks for. `subject` is the person's id for instructors and students."""

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
