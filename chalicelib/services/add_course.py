"""Add a course in its time zone."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.courses import GRACE_MINUTES, Course
from chalicelib.domain.ids import Kind, NewId, fresh_id
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
    new_id: NewId = fresh_id,
) -> Course:
    course = Course(
        course_id=new_id(Kind.COURSE),
        name=name,
        time_zone=time_zone,
        created_at=clock(),
        grace_minutes=grace_minutes,
        confirmation=confirmation,
    )
    return courses.add(course)
