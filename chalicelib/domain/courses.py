"""Courses and the people on their rosters."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.sessions import Confirmation

GRACE_MINUTES = 10


@dataclass(frozen=True)
class Course:
    """What is taught, in an IANA time zone. `version` rises with every change that touches its gallery.

    Who is seen `grace_minutes` or more after a session's scheduled start is late.
    """

    course_id: str
    name: str
    time_zone: str
    created_at: datetime
    version: int = 0
    grace_minutes: int = GRACE_MINUTES
    confirmation: Confirmation = Confirmation.AUTO

    @property
    def grace(self) -> timedelta:
        return timedelta(minutes=self.grace_minutes)
