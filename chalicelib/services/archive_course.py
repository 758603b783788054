"""Archive a course: no new sessions and nobody put on its roster; its history stays."""

from dataclasses import replace

from chalicelib.domain.clock import Clock
from chalicelib.domain.courses import Course
from chalicelib.domain.errors import CourseInUse
from chalicelib.services.ports import Courses, Sessions


def archive_course(course_id: str, *, courses: Courses, sessions: Sessions, clock: Clock) -> Course:
    """Refused while a session is ahead or open: who ends them knows what becomes of their attendance.

    Archiving again changes nothing. Raises CourseNotFound, CourseInUse, Contention.
    """
    course, now = courses.get(course_id), clock()
    if course.archived_at is not None:
        return course
    if (session := sessions.unfinished(course_id, now)) is not None:
        raise CourseInUse(f"The session {session.session_id} of this course is not over.")
    courses.save(replace(course, archived_at=now), course)
    return courses.get(course_id)


def restore_course(course_id: str, *, courses: Courses) -> Course:
    """Raises CourseNotFound, Contention."""
    course = courses.get(course_id)
    if course.archived_at is None:
        return course
    courses.save(replace(course, archived_at=None), course)
    return courses.get(course_id)
