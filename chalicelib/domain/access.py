"""Who calls: roles and what they reach, the accounts that people sign in with, cameras and their tokens."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256


class Role(StrEnum):
    ADMIN = "admin"
    INSTRUCTOR = "instructor"
    STUDENT = "student"
    CAMERA = "camera"


class Reach(StrEnum):
    """How far a role reaches on a route: every object, or its own.

    Own are an instructor's courses and the people on their rosters, a student himself and the courses that he takes, a
    camera's courses and what meets in its rooms; and of these the sessions and frames.
    """

    EVERY = "every"
    OWN = "own"


@dataclass(frozen=True)
class Caller:
    """Who a verified token speaks for. `subject` is the person's id for instructors and students.

    `token_id`: by which of its tokens a camera calls; the gateway remembers one for a minute after its end.
    """

    subject: str
    role: Role
    token_id: str | None = None


@dataclass(frozen=True)
class Account:
    """Somebody's account at an identity provider: what an ID token proves. It says nothing of what they may do here."""

    issuer: str
    subject: str

    @property
    def identity_id(self) -> str:
        """The same for the same account for ever. An issuer is a URL of our settings, and has no line breaks."""
        account = f"{self.issuer}\n{self.subject}"
        return f"idn_{sha256(account.encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class Identity:
    """An account, the one person that it belongs to, and the role in which that person signs in with it."""

    account: Account
    person_id: str
    role: Role
    linked_at: datetime

    @property
    def identity_id(self) -> str:
        return self.account.identity_id

    @property
    def caller(self) -> Caller:
        return Caller(self.person_id, self.role)


@dataclass(frozen=True)
class Camera:
    """A device with a token of its own, for the courses or rooms that it may post frames of."""

    camera_id: str
    name: str
    course_ids: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None = None
    rooms: frozenset[str] = field(default_factory=frozenset)
    token_id: str | None = None


def camera_covers(camera: Camera, course_id: str | None, room: str | None) -> bool:
    """Whether a session of the course, held in the room, is one that the camera may see."""
    return course_id in camera.course_ids or room in camera.rooms
