"""/v1/courses: courses and their rosters."""

from typing import Any

from chalice.app import Response

from chalicelib import wiring
from chalicelib.api.routes import ADMIN, ApiRequest, Routes
from chalicelib.api.schemas import CourseIn, PageQuery, page_out, time_out
from chalicelib.api.sessions import session_out
from chalicelib.domain.clock import utc_now
from chalicelib.domain.courses import Course
from chalicelib.services.add_course import add_course

courses = Routes(__name__)


@courses.route("/v1/courses", methods=["POST"], roles=ADMIN)
def post_course(request: ApiRequest) -> Response:
    body = request.json(CourseIn)
    course = add_course(body.name, body.time_zone, courses=wiring.courses(), clock=utc_now)
    return Response(_course_out(course), status_code=201)


@courses.route("/v1/courses", methods=["GET"], roles=ADMIN)
def list_courses(request: ApiRequest) -> dict[str, Any]:
    query = request.query(PageQuery)
    return page_out(wiring.courses().list(query.limit, query.cursor), _course_out)


@courses.route("/v1/courses/{course_id}", methods=["GET"], roles=ADMIN)
def get_course(_: ApiRequest, course_id: str) -> dict[str, Any]:
    return _course_out(wiring.courses().get(course_id))


@courses.route("/v1/courses/{course_id}/sessions", methods=["GET"], roles=ADMIN)
def list_sessions(request: ApiRequest, course_id: str) -> dict[str, Any]:
    query = request.query(PageQuery)
    wiring.courses().get(course_id)
    return page_out(wiring.sessions().of_course(course_id, query.limit, query.cursor), session_out)


@courses.route("/v1/courses/{course_id}/roster", methods=["GET"], roles=ADMIN)
def get_roster(_: ApiRequest, course_id: str) -> dict[str, Any]:
    wiring.courses().get(course_id)
    return {"person_ids": list(wiring.courses().roster(course_id))}


@courses.route("/v1/courses/{course_id}/roster/{person_id}", methods=["PUT"], roles=ADMIN)
def put_on_roster(_: ApiRequest, course_id: str, person_id: str) -> Response:
    wiring.courses().put_on_roster(course_id, person_id)
    return Response("", status_code=204)


@courses.route("/v1/courses/{course_id}/roster/{person_id}", methods=["DELETE"], roles=ADMIN)
def take_off_roster(_: ApiRequest, course_id: str, person_id: str) -> Response:
    wiring.courses().take_off_roster(course_id, person_id)
    return Response("", status_code=204)


def _course_out(course: Course) -> dict[str, Any]:
    return {
        "id": course.course_id,
        "name": course.name,
        "time_zone": course.time_zone,
        "created_at": time_out(course.created_at),
    }
