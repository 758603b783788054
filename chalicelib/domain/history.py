"""The history of an attendance record: every human act and every change of status, written with the record."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.attendance import AttendanceRecord, Status


class Act(StrEnum):
    """What was done to a record, in the past tense."""

    SIGHTED = "sighted"
    CLOSED = "closed"
    CHECKED_IN = "checked_in"
    MARKED = "marked"
    CLEARED = "cleared"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CLAIMED = "claimed"  # by the person, and the face is theirs
    CLAIM_REFUSED = "claim_refused"
    CONTESTED = "contested"  # the face is another person's, by that person's claim


OF_MACHINES = (Act.SIGHTED, Act.CLOSED)


@dataclass(frozen=True)
class Cause:
    """Why a record is written: what was done, when, by which person (None: a camera or the clockwork), and why."""

    act: Act
    at: datetime
    by: str | None = None
    reason: str | None = None
    frame_id: str | None = None


@dataclass(frozen=True)
class Change:
    """One line of a history. `revision` is the record's with it: changes of a record are ordered by it, not by time."""

    revision: int
    cause: Cause
    before: Status
    after: Status


def change_between(before: AttendanceRecord, after: AttendanceRecord, cause: Cause) -> Change | None:
    """The line to write; None for what a machine adds without changing the status, which stays with its frame."""
    if cause.act in OF_MACHINES and before.status is after.status:
        return None
    return Change(before.revision + 1, cause, before.status, after.status)
