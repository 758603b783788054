"""A course's weekly timetable, and the moments at which it says that there is a session."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chalicelib.domain.courses import Course
from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.ids import Kind, id_from
from chalicelib.domain.sessions import Session, SessionState

DAY = timedelta(days=1)
MOST_SLOTS = 50


@dataclass(frozen=True)
class Slot:
    """Once a week, by the clock on the wall. One that ends no later than it starts ends on the next day."""

    weekday: int  # ISO: Monday is 1
    starts: time
    ends: time
    room: str | None = None


@dataclass(frozen=True)
class Timetable:
    """`revision` rises with every change; what was planned by an earlier one is put right."""

    course_id: str
    slots: tuple[Slot, ...]
    first_date: date
    last_date: date
    excepted: frozenset[date] = frozenset()
    revision: int = 0

    def as_revision(self, revision: int) -> "Timetable":
        return replace(self, revision=revision)


@dataclass(frozen=True)
class Occurrence:
    """One slot on one day of the course's own calendar: the day on which it starts."""

    day: date
    slot: Slot
    starts_at: datetime
    ends_at: datetime


def check_timetable(timetable: Timetable) -> None:
    """Raises InvalidRequest: a slot is known again by its weekday and start, so no two share them."""
    if timetable.last_date < timetable.first_date:
        raise InvalidRequest("last_date must not lie before first_date.")
    if len(timetable.slots) > MOST_SLOTS:
        raise InvalidRequest(f"A timetable has at most {MOST_SLOTS} slots.")
    if len({(slot.weekday, slot.starts) for slot in timetable.slots}) < len(timetable.slots):
        raise InvalidRequest("Two slots start at the same time of the same weekday.")


def local_moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """In UTC. A time that the clocks skip moves forward by the gap; of one that they show twice, the first.

    That is what `fold=0` means: a skipped time is read with the offset from before the change.
    """
    return datetime.combine(day, at.replace(fold=0), tzinfo=zone).astimezone(UTC)


def occurrences(timetable: Timetable, zone: ZoneInfo, first: date, last: date) -> Iterator[Occurrence]:
    """Those that start on the days from first to last."""
    day = max(first, timetable.first_date)
    while day <= min(last, timetable.last_date):
        if day not in timetable.excepted:
            for slot in timetable.slots:
                if slot.weekday == day.isoweekday():
                    yield _occurrence(day, slot, zone)
        day += DAY


def _occurrence(day: date, slot: Slot, zone: ZoneInfo) -> Occurrence:
    """One whose start is skipped past its end keeps the length that the clock on the wall would give it."""
    last_day = day if slot.ends > slot.starts else day + DAY
    starts_at, ends_at = local_moment(day, slot.starts, zone), local_moment(last_day, slot.ends, zone)
    if ends_at <= starts_at:
        by_the_wall = datetime.combine(last_day, slot.ends) - datetime.combine(day, slot.starts)
        ends_at = starts_at + by_the_wall
    return Occurrence(day, slot, starts_at, ends_at)


def session_id_of(course: Course, day: date, slot: Slot) -> str:
    """The same whoever plans it: two plannings at once cannot make two sessions of one occurrence."""
    seed = f"{course.course_id} {course.time_zone} {day.isoformat()} {slot.starts.isoformat()}"
    return id_from(seed, Kind.SESSION)


def session_of(course: Course, occurrence: Occurrence) -> Session:
    return Session(
        session_id=session_id_of(course, occurrence.day, occurrence.slot),
        course_id=course.course_id,
        opens_at=occurrence.starts_at,
        closes_at=occurrence.ends_at,
        state=SessionState.SCHEDULED,
        starts_at=occurrence.starts_at,
        late_after=occurrence.starts_at + course.grace,
        room=occurrence.slot.room,
        confirmation=course.confirmation,
    )


def replanned(stored: Session, wanted: Session | None, now: datetime) -> Session:
    """The stored session as the timetable now wants it, or cancelled.

    One that has begun stays as it is, and so does one that was cancelled by hand.
    """
    if stored.cancelled_by_hand:
        return stored
    if stored.state not in (SessionState.SCHEDULED, SessionState.CANCELLED) or stored.opens_at <= now:
        return stored
    if wanted is None:
        return replace(stored, state=SessionState.CANCELLED)
    return replace(stored, state=SessionState.SCHEDULED, closes_at=wanted.closes_at, room=wanted.room)
