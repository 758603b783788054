"""/v1/courses: courses."""

from typing import Annotated

from pydantic import Field

from chalicelib import wiring
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Answer, Routes
from chalicelib.api.schemas import (
    ExternalIdChanges,
    ExternalIds,
    FilteredQuery,
    In,
    Out,
    PageOut,
    Text,
    Time,
    TimeZone,
)
from chalicelib.domain.clock import utc_now
from chalicelib.domain.courses import GRACE_MINUTES, Course
from chalicelib.domain.errors import CourseInUse, ExternalIdTaken
from chalicelib.domain.sessions import Confirmation
from chalicelib.services.add_course import add_course
from chalicelib.services.archive_course import archive_course, restore_course
from chalicelib.services.find_course import find_course
from chalicelib.services.list_own_courses import list_own_courses
from chalicelib.services.update_course import update_course

courses = Routes(__name__)


GraceMinutes = Annotated[int, Field(ge=0, le=240)]


class CourseIn(In):
    name: Text
    time_zone: TimeZone
    grace_minutes: GraceMinutes = GRACE_MINUTES
    confirmation: Confirmation = Confirmation.AUTO
    external_ids: ExternalIds = Field(default_factory=dict)


class CourseChangesIn(In):
    """What is left out stays."""

    name: Text | None = None
    time_zone: TimeZone | None = None
    grace_minutes: GraceMinutes | None = None
    confirmation: Confirmation | None = None
    external_ids: ExternalIdChanges = Field(default_factory=dict)


class CourseOut(Out):
    """`archived_at`: since when the course has no new sessions; null for one in use."""

    id: str
    name: str
    time_zone: str
    grace_minutes: int
    confirmation: Confirmation
    external_ids: dict[str, str]
    created_at: Time
    archived_at: Time | None

    @classmethod
    def of(cls, course: Course) -> "CourseOut":
        return cls(
            id=course.course_id,
            name=course.name,
            time_zone=course.time_zone,
            grace_minutes=course.grace_minutes,
            confirmation=course.confirmation,
            external_ids=dict(course.external_ids),
            created_at=course.created_at,
            archived_at=course.archived_at,
        )


class CoursesOut(Out):
    items: tuple[CourseOut, ...]


@courses.route("POST", "/v1/courses", status=201, errors=[ExternalIdTaken])
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
        external_ids=body.external_ids,
        courses=wiring.courses(),
        clock=utc_now,
        new_id=request.new_id,
    )
    return Answer(CourseOut.of(course), {"Location": f"/v1/courses/{course.course_id}"})


@courses.route("GET", "/v1/courses")
def list_courses(_: ApiRequest, query: FilteredQuery) -> PageOut[CourseOut]:
    """List courses in the order in which they were added, those archived, or the one with an external id."""
    if query.wanted is not None:
        found = find_course(*query.wanted, courses=wiring.courses())
        return PageOut(items=() if found is None else (CourseOut.of(found),), next_cursor=None)
    page = wiring.courses().list(query.limit, query.cursor, archived=query.archived)
    return PageOut(items=tuple(map(CourseOut.of, page.items)), next_cursor=page.cursor)


@courses.route("GET", "/v1/me/courses")
def list_my_courses(request: ApiRequest) -> CoursesOut:
    """List the caller's own courses, by name: those that an instructor teaches, a student takes, a camera films."""
    own = list_own_courses(request.caller, access=wiring.access(), courses=wiring.courses())
    return CoursesOut(items=tuple(map(CourseOut.of, own)))


@courses.route("GET", "/v1/courses/{course_id}")
def get_course(_: ApiRequest, course_id: str) -> Answer[CourseOut]:
    """Read a course."""
    course = wiring.courses().get(course_id)
    return Answer(CourseOut.of(course), etag=course.version)


@courses.route("PATCH", "/v1/courses/{course_id}", errors=[ExternalIdTaken, CourseInUse], edits=True)
def patch_course(request: ApiRequest, course_id: str, body: CourseChangesIn) -> Answer[CourseOut]:
    """Change a course's name, external ids and, before it has sessions, time zone."""
    course = update_course(
        course_id,
        name=body.name,
        time_zone=body.time_zone,
        grace_minutes=body.grace_minutes,
        confirmation=body.confirmation,
        external_ids=body.external_ids,
        version=request.if_match,
        courses=wiring.courses(),
        sessions=wiring.sessions(),
    )
    return Answer(CourseOut.of(course), etag=course.version)


@courses.route("POST", "/v1/courses/{course_id}/archive", errors=[CourseInUse])
def post_archive_course(_: ApiRequest, course_id: str) -> Answer[CourseOut]:
    """Archive a course whose sessions are over: no new sessions, and nobody is put on its roster."""
    course = archive_course(course_id, courses=wiring.courses(), sessions=wiring.sessions(), clock=utc_now)
    return Answer(CourseOut.of(course), etag=course.version)


@courses.route("POST", "/v1/courses/{course_id}/restore")
def post_restore_course(_: ApiRequest, course_id: str) -> Answer[CourseOut]:
    """Restore a course."""
    course = restore_course(course_id, courses=wiring.courses())
    return Answer(CourseOut.of(course), etag=course.version)
