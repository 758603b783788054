"""Courses and the people on their rosters."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Course:
    """What is taught, in an IANA time zone. `version` rises with every change that touches its gallery."""

    course_id: str
    name: str
    time_zone: str
    created_at: datetime
    version: int = 0
