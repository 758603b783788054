"""Update a course's name, time zone, grace, confirmation and external ids."""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain.courses import Course
from chalicelib.domain.errors import CourseInUse, PreconditionFailed
from chalicelib.domain.external_ids import with_changes
from chalicelib.domain.names import tidy_name
from chalicelib.domain.sessions import Confirmation
from chalicelib.services.ports import Courses, Sessions


def update_course(
    course_id: str,
    *,
    name: str | None,
    time_zone: str | None,
    external_ids: Mapping[str, str | None],
    version: int | None,
    courses: Courses,
    sessions: Sessions,
    grace_minutes: int | None = None,
    confirmation: Confirmation | None = None,
) -> Course:
    """What is None stays; an external id of None is taken away. `version`: the one that the caller has seen, if any.

    Sessions that are scheduled already keep their grace and their confirmation.

    Raises CourseNotFound, PreconditionFailed, CourseInUse, InvalidRequest, ExternalIdTaken, Contention.
    """
    before = courses.get(course_id)
    if version not in (None, before.version):
        raise PreconditionFailed(f"{course_id} is at version {before.version} by now, not at {version}.")
    course = replace(
        before,
        name=before.name if name is None else tidy_name(name),
        time_zone=time_zone or before.time_zone,
        grace_minutes=before.grace_minutes if grace_minutes is None else grace_minutes,
        confirmation=confirmation or before.confirmation,
        external_ids=with_changes(before.external_ids, external_ids),
    )
    if course == before:
        return before
    if course.time_zone != before.time_zone and sessions.of_course(course_id, 1, None).items:
        raise CourseInUse("The course has sessions, whose times were decided in its time zone.")
    courses.save(course, before)
    return courses.get(course_id)
