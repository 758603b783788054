"""List the courses that are a caller's own: taught, taken, or filmed."""

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.courses import Course
from chalicelib.services.ports import Access, Courses


def list_own_courses(caller: Caller, *, access: Access, courses: Courses) -> tuple[Course, ...]:
    """By name, without those that are archived; an admin has none of his own."""
    if caller.role is Role.INSTRUCTOR:
        ids: tuple[str, ...] = courses.taught_by(caller.subject)
    elif caller.role is Role.STUDENT:
        ids = courses.courses_of(caller.subject)
    elif caller.role is Role.CAMERA:
        ids = tuple(access.camera(caller.subject).course_ids)
    else:
        ids = ()
    found = (course for course in courses.of_ids(ids) if course.archived_at is None)
    return tuple(sorted(found, key=lambda course: (course.name, course.course_id)))
