"""Courses and rosters in DynamoDB."""

from chalicelib.adapters.dynamo import instructors
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import (
    COURSE,
    LEFT,
    MEMBERSHIP,
    PERSON,
    ROSTER,
    CourseRecord,
    LeftRecord,
    MembershipRecord,
    PersonRecord,
    RosterRecord,
)
from chalicelib.adapters.dynamo.transactions import Transaction, add_once
from chalicelib.domain.courses import GRACE_MINUTES, Course
from chalicelib.domain.errors import CourseNotFound, LimitReached, NotOnRoster, PersonNotFound
from chalicelib.domain.sessions import Confirmation
from chalicelib.services.ports import Page

MOST_COURSES_OF_A_PERSON = 50  # a transaction on a person bumps all of them, and takes 100 writes at most
MOST_PEOPLE_OF_A_ROSTER = 1000


class _AlreadyThereError(Exception):
    """The person is on the roster already."""


class DynamoCourses:
    def add(self, course: Course) -> Course:
        record = CourseRecord(
            course_id=course.course_id,
            created_at=course.created_at,
            name=course.name,
            time_zone=course.time_zone,
            grace_minutes=course.grace_minutes,
            confirmation=course.confirmation.value,
        )
        return add_once(
            record.save, CourseRecord.course_id.does_not_exist(), lambda: self.get(course.course_id), course
        )

    def get(self, course_id: str) -> Course:
        try:
            return _course(CourseRecord.get(course_id, COURSE, consistent_read=True))
        except CourseRecord.DoesNotExist as error:
            raise CourseNotFound(f"There is no course {course_id}.") from error

    def list(self, limit: int, cursor: str | None) -> Page[Course]:
        keys = ("kind", "created_at", "course_id", "sk")
        return read_page(CourseRecord.by_kind.query, COURSE, _course, limit, cursor, keys=keys)

    def roster(self, course_id: str) -> tuple[str, ...]:
        records = RosterRecord.query(course_id, RosterRecord.sk.startswith(ROSTER), consistent_read=True)
        return tuple(record.sk.removeprefix(ROSTER) for record in records)

    def is_on_roster(self, course_id: str, person_id: str) -> bool:
        try:
            RosterRecord.get(course_id, ROSTER + person_id, consistent_read=True)
        except RosterRecord.DoesNotExist:
            return False
        return True

    def put_on_roster(self, course_id: str, person_id: str) -> None:
        self.get(course_id)
        _require_person(person_id)
        transaction = Transaction()
        transaction.put(
            MembershipRecord(person_id, MEMBERSHIP + course_id),
            MembershipRecord.person_id.does_not_exist(),
            _AlreadyThereError(),
        )
        transaction.put(RosterRecord(course_id, ROSTER + person_id))
        _count(transaction, course_id, person_id, step=1)
        try:
            transaction.commit()
        except _AlreadyThereError:
            return

    def take_off_roster(self, course_id: str, person_id: str) -> None:
        transaction = Transaction()
        transaction.delete(
            MembershipRecord(person_id, MEMBERSHIP + course_id),
            MembershipRecord.person_id.exists(),
            NotOnRoster(f"{person_id} is not on the roster of {course_id}."),
        )
        transaction.delete(RosterRecord(course_id, ROSTER + person_id))
        transaction.put(
            LeftRecord(person_id, LEFT + course_id)
        )  # frames of the course may go on naming the person
        _count(transaction, course_id, person_id, step=-1)
        transaction.commit()

    def courses_of(self, person_id: str) -> tuple[str, ...]:
        records = MembershipRecord.query(
            person_id, MembershipRecord.sk.startswith(MEMBERSHIP), consistent_read=True
        )
        return tuple(record.sk.removeprefix(MEMBERSHIP) for record in records)

    def instructors(self, course_id: str) -> tuple[str, ...]:
        return instructors.instructors_of(course_id)

    def taught_by(self, person_id: str) -> tuple[str, ...]:
        return instructors.courses_taught_by(person_id)

    def add_instructor(self, course_id: str, person_id: str) -> None:
        self.get(course_id)
        _require_person(person_id)
        instructors.add_instructor(course_id, person_id)

    def remove_instructor(self, course_id: str, person_id: str) -> None:
        instructors.remove_instructor(course_id, person_id)


def _require_person(person_id: str) -> None:
    try:
        PersonRecord.get(person_id, PERSON, consistent_read=True)
    except PersonRecord.DoesNotExist as error:
        raise PersonNotFound(f"There is no person {person_id}.") from error


def _count(transaction: Transaction, course_id: str, person_id: str, *, step: int) -> None:
    """Both sides' counters and versions. Taking off always passes the limit."""
    room = step < 0
    transaction.update(
        PersonRecord(person_id, PERSON),
        [PersonRecord.revision.add(1), PersonRecord.course_count.add(step)],
        PersonRecord.course_count < MOST_COURSES_OF_A_PERSON + room,
        LimitReached(f"A person takes at most {MOST_COURSES_OF_A_PERSON} courses."),
    )
    transaction.update(
        CourseRecord(course_id, COURSE),
        [CourseRecord.version.add(1), CourseRecord.roster_size.add(step)],
        CourseRecord.roster_size < MOST_PEOPLE_OF_A_ROSTER + room,
        LimitReached(f"A roster holds at most {MOST_PEOPLE_OF_A_ROSTER} people."),
    )


def _course(record: CourseRecord) -> Course:
    return Course(
        course_id=record.course_id,
        name=record.name,
        time_zone=record.time_zone,
        created_at=record.created_at,
        version=int(record.version),
        grace_minutes=int(record.grace_minutes if record.grace_minutes is not None else GRACE_MINUTES),
        confirmation=Confirmation(record.confirmation or Confirmation.AUTO),
    )
