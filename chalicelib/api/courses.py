"""/v1/courses: courses and their rosters."""

from typing import Annotated

from pydantic import Field

from chalicelib import wiring
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Answer, Routes
from chalicelib.api.schemas import In, Out, PageOut, PageQuery, Text, Time, TimeZone
from chalicelib.domain.clock import utc_now
from chalicelib.domain.courses import GRACE_MINUTES, Course
from chalicelib.domain.errors import LimitReached, NotOnRoster
from chalicelib.domain.sessions import Confirmation
from chalicelib.services.add_course import add_course

courses = Routes(__name__)


class CourseIn(In):
    name: Text
    time_zone: TimeZone
    grace_minutes: Annotated[int, Field(ge=0, le=240)] = GRACE_MINUTES
    confirmation: Confirmation = Confirmation.AUTO


class CourseOut(Out):
    id: str
    name: str
    time_zone: str
    grace_minutes: int
    confirmation: Confirmation
    created_at: Time

    @classmethod
    def of(cls, course: Course) -> "CourseOut":
        return cls(
            id=course.course_id,
            name=course.name,
            time_zone=course.time_zone,
            grace_minutes=course.grace_minutes,
            confirmation=course.confirmation,
            created_at=course.created_at,
        )


class RosterOut(Out):
    person_ids: tuple[str, ...]


@courses.route("POST", "/v1/courses", status=201)
def post_course(request: ApiRequest, body: CourseIn) -> Answer[CourseOut]:
    """Add a course in its time zone.

    Who is first seen grace_minutes or more after a session's scheduled start is late. With confirmation=review,
    accepted sightings are proposed until an instructor confirms them.
    """
    course = add_course(
        body.name,
        body.time_zone,
        grace_minutes=body.grace_minutes,
        confirmation=body.confirmation,
        courses=wiring.courses(),
        clock=utc_now,
        new_id=request.new_id,
    )
    return Answer(CourseOut.of(course), {"Location": f"/v1/courses/{course.course_id}"})


@courses.route("GET", "/v1/courses")
def list_courses(_: ApiRequest, query: PageQuery) -> PageOut[CourseOut]:
    """List courses, in the order in which they were added."""
    page = wiring.courses().list(query.limit, query.cursor)
    return PageOut(items=tuple(map(CourseOut.of, page.items)), next_cursor=page.cursor)


@courses.route("GET", "/v1/courses/{course_id}")
def get_course(_: ApiRequest, course_id: str) -> CourseOut:
    """Read a course."""
    return CourseOut.of(wiring.courses().get(course_id))


@courses.route("GET", "/v1/courses/{course_id}/roster")
def get_roster(_: ApiRequest, course_id: str) -> RosterOut:
    """Read who is on a course's roster."""
    wiring.courses().get(course_id)
    return RosterOut(person_ids=tuple(wiring.courses().roster(course_id)))


@courses.route("PUT", "/v1/courses/{course_id}/roster/{person_id}", errors=[LimitReached])
def put_on_roster(_: ApiRequest, course_id: str, person_id: str) -> None:
    """Put a person on a course's roster. Who is on it stays on it."""
    wiring.courses().put_on_roster(course_id, person_id)


@courses.route("DELETE", "/v1/courses/{course_id}/roster/{person_id}", errors=[NotOnRoster])
def take_off_roster(_: ApiRequest, course_id: str, person_id: str) -> None:
    """Take a person off a course's roster; the very next frame does not match him."""
    wiring.courses().take_off_roster(course_id, person_id)
