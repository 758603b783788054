"""Add a course in its time zone."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.courses import Course
from chalicelib.domain.ids import Kind, NewId, fresh_id
from chalicelib.services.ports import Courses


def add_course(
    name: str, time_zone: str, *, courses: Courses, clock: Clock, new_id: NewId = fresh_id
) -> Course:
    course = Course(course_id=new_id(Kind.COURSE), name=name, time_zone=time_zone, created_at=clock())
    return courses.add(course)
