"""/v1/courses/{id}/timetable: when a course meets each week; its sessions follow from it."""

from datetime import date, time
from typing import Annotated

from pydantic import Field

from chalicelib import wiring
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Answer, Routes
from chalicelib.api.schemas import Day, In, Out, Text, WallTime
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import CourseArchived, TimetableNotFound
from chalicelib.domain.timetable import MOST_SLOTS, Slot, Timetable
from chalicelib.services.set_timetable import set_timetable

timetables = Routes(__name__)


class SlotIn(In):
    """`weekday`: Monday is 1. `starts` and `ends`: by the course's clock; one that ends no later than it starts ends on
    the next day.
    """

    weekday: Annotated[int, Field(ge=1, le=7)]
    starts: WallTime
    ends: WallTime
    room: Text | None = None

    def slot(self) -> Slot:
        return Slot(self.weekday, time.fromisoformat(self.starts), time.fromisoformat(self.ends), self.room)


class TimetableIn(In):
    """`excepted`: days without sessions, such as holidays. No slots: no sessions."""

    slots: Annotated[tuple[SlotIn, ...], Field(max_length=MOST_SLOTS)]
    first_date: Day
    last_date: Day
    excepted: Annotated[frozenset[Day], Field(max_length=366)] = frozenset()


class SlotOut(Out):
    weekday: int
    starts: str
    ends: str
    room: str | None


class TimetableOut(Out):
    slots: tuple[SlotOut, ...]
    first_date: date
    last_date: date
    excepted: tuple[date, ...]

    @classmethod
    def of(cls, timetable: Timetable) -> "TimetableOut":
        return cls(
            slots=tuple(
                SlotOut(
                    weekday=slot.weekday,
                    starts=f"{slot.starts:%H:%M}",
                    ends=f"{slot.ends:%H:%M}",
                    room=slot.room,
                )
                for slot in timetable.slots
            ),
            first_date=timetable.first_date,
            last_date=timetable.last_date,
            excepted=tuple(sorted(timetable.excepted)),
        )


@timetables.route("PUT", "/v1/courses/{course_id}/timetable", errors=[CourseArchived], edits=True)
def put_timetable(request: ApiRequest, course_id: str, body: TimetableIn) -> Answer[TimetableOut]:
    """Set a course's weekly timetable: its sessions are scheduled two weeks ahead.

    Sessions that have not begun are cancelled or changed with it; those that have begun or are over stay as they are.
    """
    timetable = set_timetable(
        course_id,
        tuple(slot.slot() for slot in body.slots),
        first_date=date.fromisoformat(body.first_date),
        last_date=date.fromisoformat(body.last_date),
        excepted=frozenset(map(date.fromisoformat, body.excepted)),
        days_ahead=wiring.settings().planning_days,
        courses=wiring.courses(),
        sessions=wiring.sessions(),
        timetables=wiring.timetables(),
        clock=utc_now,
        expected_revision=request.if_match,
    )
    return Answer(TimetableOut.of(timetable), etag=timetable.revision)


@timetables.route("GET", "/v1/courses/{course_id}/timetable", errors=[TimetableNotFound])
def get_timetable(_: ApiRequest, course_id: str) -> Answer[TimetableOut]:
    """Read a course's timetable."""
    timetable = wiring.timetables().get(course_id)
    if timetable is None:
        raise TimetableNotFound(f"The course {course_id} has no timetable.")
    return Answer(TimetableOut.of(timetable), etag=timetable.revision)
