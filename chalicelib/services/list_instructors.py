"""List the instructors of a course, by name."""

from chalicelib.domain.people import Person
from chalicelib.services.ports import Courses, People


def list_instructors(course_id: str, *, courses: Courses, people: People) -> tuple[Person, ...]:
    """Raises CourseNotFound."""
    courses.get(course_id)
    found = people.get_all(courses.instructors(course_id))
    return tuple(sorted(found.values(), key=lambda person: (person.name, person.person_id)))
