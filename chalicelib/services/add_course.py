"""Add a course in its time zone."""

from collections.abc import Mapping

from chalicelib.domain.clock import Clock
from chalicelib.domain.courses import GRACE_MINUTES, Course
from chalicelib.domain.external_ids import with_changes
from chalicelib.domain.ids import Kind, NewId, fresh_id
from chalicelib.domain.names import tidy_name
from chalicelib.domain.sessions import Confirmation
from chalicelib.services.ports import Courses


def add_course(
    name: str,
    time_zone: str,
    *,
    grace_minutes: int = GRACE_MINUTES,
    confirmation: Confirmation = Confirmation.AUTO,
    courses: Courses,
    clock: Clock,
    external_ids: Mapping[str, str | None] | None = None,
    new_id: NewId = fresh_id,
) -> Course:
    """Raises InvalidRequest, ExternalIdTaken."""
    course = Course(
        course_id=new_id(Kind.COURSE),
        name=tidy_name(name),
        time_zone=time_zone,
        created_at=clock(),
        external_ids=with_changes({}, external_ids or {}),
        grace_minutes=grace_minutes,
        confirmation=confirmation,
    )
    return courses.add(course)
