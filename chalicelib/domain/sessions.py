"""Sessions: one meeting of a course, scheduled → open → closing → closed.

Whether a frame belongs to a session is decided by its time alone; the state only tells how far the clockwork is.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.errors import SessionNotOpen


class SessionState(StrEnum):
    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    CANCELLED = "cancelled"  # before it began, by hand or by a change of the timetable


class Confirmation(StrEnum):
    """Who makes an accepted sighting count."""

    AUTO = "auto"
    REVIEW = "review"  # an instructor


class Flag(StrEnum):
    """What a human should look at."""

    NO_USABLE_FRAMES = (
        "no_usable_frames"  # no camera saw anything: who was not seen need not have been absent
    )
    UNCONFIRMED = "unconfirmed"  # somebody's sighting still awaits a human, and is neither present nor absent


class Watch(StrEnum):
    """Whether a camera of a session has delivered a frame that shows something."""

    NOBODY = "nobody"
    STARTED = "started"
    SETTLED = "settled"  # and what follows from it, should the session have closed before, is written


@dataclass(frozen=True)
class Session:
    """One meeting. A frame belongs to it if its `received_at` lies within [opens_at, closes_at).

    `starts_at` and `late_after` are fixed when it is scheduled: opening early by hand makes nobody late.
    `cancelled_by_hand`: a timetable takes back its own cancellations alone.
    """

    session_id: str
    course_id: str
    opens_at: datetime
    closes_at: datetime
    state: SessionState
    starts_at: datetime
    late_after: datetime
    room: str | None = None
    confirmation: Confirmation = Confirmation.AUTO
    flagged: Flag | None = None
    cancelled_by_hand: bool = False
    revision: int = 0

    def covers(self, moment: datetime) -> bool:
        return self.state is not SessionState.CANCELLED and self.opens_at <= moment < self.closes_at

    @property
    def due_at(self) -> datetime | None:
        """When the minute tick next has something to do here; None if never again."""
        if self.state in (SessionState.CLOSED, SessionState.CANCELLED):
            return None
        return self.opens_at if self.state is SessionState.SCHEDULED else self.closes_at


def opened(session: Session, now: datetime) -> Session:
    """The session opened by hand: at once, if its time had not come. Opening an open session changes nothing."""
    if session.state is SessionState.OPEN:
        return session
    if session.state is SessionState.CANCELLED:
        raise SessionNotOpen("The session was cancelled.")
    if session.state is not SessionState.SCHEDULED or now >= session.closes_at:
        raise SessionNotOpen(f"The session is over: it closed at {session.closes_at.isoformat()}.")
    return replace(session, state=SessionState.OPEN, opens_at=min(session.opens_at, now))


def closing(session: Session, now: datetime) -> Session:
    """The session ended by hand or by time; later frames do not belong to it. Ending it twice changes nothing."""
    if session.state in (SessionState.CLOSING, SessionState.CLOSED):
        return session
    if session.state is SessionState.CANCELLED:
        raise SessionNotOpen("The session was cancelled.")
    if now < session.opens_at:
        raise SessionNotOpen(
            f"The session opens at {session.opens_at.isoformat()}; it cannot be closed before."
        )
    return replace(session, state=SessionState.CLOSING, closes_at=min(session.closes_at, now))


def may_finish(session: Session, *, outstanding_frames: bool, now: datetime, patience: timedelta) -> bool:
    """A closing session waits for the frames that it has received, but not for ever."""
    return not outstanding_frames or now >= session.closes_at + patience


def due_now(session: Session, now: datetime) -> Session:
    """What the tick makes of a session: opened when its time has come, closing when it is over."""
    if session.state is SessionState.SCHEDULED and now >= session.opens_at:
        session = replace(session, state=SessionState.OPEN)
    if session.state is SessionState.OPEN and now >= session.closes_at:
        session = closing(session, now)
    return session
