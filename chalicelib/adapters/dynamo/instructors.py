"""Who teaches what: two items for each pair, so that both sides are read strongly."""

from chalicelib.adapters.dynamo.records import (
    COURSE,
    INSTRUCTOR,
    PERSON,
    TEACHING,
    CourseRecord,
    InstructorRecord,
    MembershipRecord,
    PersonRecord,
)
from chalicelib.adapters.dynamo.rosters import require_course, require_person
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.domain.errors import LimitReached, NotAnInstructor

MOST_COURSES_TAUGHT = 50
MOST_INSTRUCTORS = 50


class _AlreadyThereError(Exception):
    """The person is an instructor of the course already."""


class Instructors:
    def instructors(self, course_id: str) -> tuple[str, ...]:
        records = InstructorRecord.query(
            course_id, InstructorRecord.sk.startswith(INSTRUCTOR), consistent_read=True
        )
        return tuple(record.sk.removeprefix(INSTRUCTOR) for record in records)

    def taught_by(self, person_id: str) -> tuple[str, ...]:
        records = MembershipRecord.query(
            person_id, MembershipRecord.sk.startswith(TEACHING), consistent_read=True
        )
        return tuple(record.sk.removeprefix(TEACHING) for record in records)

    def add_instructor(self, course_id: str, person_id: str) -> None:
        require_course(course_id)
        require_person(person_id)
        transaction = Transaction()
        transaction.put(
            MembershipRecord(person_id, TEACHING + course_id),
            MembershipRecord.person_id.does_not_exist(),
            _AlreadyThereError(),
        )
        transaction.put(InstructorRecord(course_id, INSTRUCTOR + person_id))
        _count(transaction, course_id, person_id, step=1)
        try:
            transaction.commit()
        except _AlreadyThereError:
            return

    def remove_instructor(self, course_id: str, person_id: str) -> None:
        transaction = Transaction()
        transaction.delete(
            MembershipRecord(person_id, TEACHING + course_id),
            MembershipRecord.person_id.exists(),
            NotAnInstructor(f"{person_id} is not an instructor of {course_id}."),
        )
        transaction.delete(InstructorRecord(course_id, INSTRUCTOR + person_id))
        _count(transaction, course_id, person_id, step=-1)
        transaction.commit()


def _count(transaction: Transaction, course_id: str, person_id: str, *, step: int) -> None:
    """Neither version nor revision: no gallery depends on who teaches. Nobody taught before there was a count."""
    taught, teachers = PersonRecord.taught_count, CourseRecord.instructor_count
    room = step < 0
    transaction.update(
        PersonRecord(person_id, PERSON),
        [taught.set((taught | 0) + step)],
        PersonRecord.name.exists() & (taught.does_not_exist() | (taught < MOST_COURSES_TAUGHT + room)),
        LimitReached(f"A person teaches at most {MOST_COURSES_TAUGHT} courses."),
    )
    transaction.update(
        CourseRecord(course_id, COURSE),
        [teachers.set((teachers | 0) + step)],
        CourseRecord.name.exists() & (teachers.does_not_exist() | (teachers < MOST_INSTRUCTORS + room)),
        LimitReached(f"A course has at most {MOST_INSTRUCTORS} instructors."),
    )
