"""Find a course by what another system calls it."""

from chalicelib.domain.courses import Course
from chalicelib.domain.external_ids import external_id
from chalicelib.services.ports import Courses


def find_course(system: str, value: str, *, courses: Courses) -> Course | None:
    """Raises InvalidRequest for what can be no external id."""
    return courses.with_external_id(external_id(system, value))
