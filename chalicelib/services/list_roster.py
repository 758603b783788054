"""List a course's roster: the people who are on it, by name."""

from chalicelib.domain.people import Person
from chalicelib.services.ports import Courses, People


def list_roster(course_id: str, *, courses: Courses, people: People) -> tuple[Person, ...]:
    """Without those who are archived. Raises CourseNotFound."""
    courses.get(course_id)
    found = people.get_all(courses.roster(course_id))
    return tuple(sorted(found.values(), key=lambda person: (person.name, person.person_id)))
