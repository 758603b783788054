"""Courses and the people on their rosters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.domain.sessions import Confirmation

GRACE_MINUTES = 10


@dataclass(frozen=True)
class Course:
    """What is taught, in an IANA time zone. `version` rises with every change of it, its roster or its gallery.

    Who is seen `grace_minutes` or more after a session's scheduled start is late.
    """

    course_id: str
    name: str
    time_zone: str
    created_at: datetime
    version: int = 0
    external_ids: Mapping[str, str] = field(default_factory=dict)
    archived_at: datetime | None = None
    grace_minutes: int = GRACE_MINUTES
    confirmation: Confirmation = Confirmation.AUTO

    @property
    def grace(self) -> timedelta:
        return timedelta(minutes=self.grace_minutes)


@dataclass(frozen=True)
class Roster:
    """The people of a course. Those archived are on it no more, and come back when they are restored.

    `revision` rises with every change of it alone.
    """

    course_id: str
    people: frozenset[str] = frozenset()
    archived: frozenset[str] = frozenset()
    revision: int = 0
