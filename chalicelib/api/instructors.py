"""/v1/courses/{id}/instructors: who teaches a course."""

from chalicelib import wiring
from chalicelib.api.people import PersonOut
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import Out
from chalicelib.domain.errors import LimitReached, NotAnInstructor
from chalicelib.services.list_instructors import list_instructors

instructors = Routes(__name__)


class InstructorsOut(Out):
    """By name."""

    course_id: str
    items: tuple[PersonOut, ...]


@instructors.route("GET", "/v1/courses/{course_id}/instructors")
def get_instructors(_: ApiRequest, course_id: str) -> InstructorsOut:
    """Read who teaches a course."""
    people = list_instructors(course_id, courses=wiring.courses(), people=wiring.people())
    return InstructorsOut(course_id=course_id, items=tuple(map(PersonOut.of, people)))


@instructors.route("PUT", "/v1/courses/{course_id}/instructors/{person_id}", errors=[LimitReached])
def put_instructor(_: ApiRequest, course_id: str, person_id: str) -> None:
    """Make a person an instructor of a course, at once. Who is one stays one."""
    wiring.courses().add_instructor(course_id, person_id)


@instructors.route("DELETE", "/v1/courses/{course_id}/instructors/{person_id}", errors=[NotAnInstructor])
def delete_instructor(_: ApiRequest, course_id: str, person_id: str) -> None:
    """Make a person an instructor of a course no more; from the next request on the course is closed to him."""
    wiring.courses().remove_instructor(course_id, person_id)
