"""Rosters in DynamoDB: one item a course, and a membership on each person's side."""

from collections.abc import Callable, Collection
from contextlib import suppress

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

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
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.adapters.dynamo.versions import bump_course
from chalicelib.domain.courses import Roster
from chalicelib.domain.errors import (
    Contention,
    CourseArchived,
    CourseNotFound,
    LimitReached,
    NotOnRoster,
    PersonArchived,
    PersonNotFound,
)
from chalicelib.domain.rosters import MOST_COURSES_OF_A_PERSON, MOST_PEOPLE_OF_A_ROSTER

ATTEMPTS = 5


class Rosters:
    def roster(self, course_id: str) -> tuple[str, ...]:
        return tuple(sorted(read_roster(course_id).people))

    def whole_roster(self, course_id: str) -> Roster:
        return read_roster(course_id)

    def courses_of(self, person_id: str) -> tuple[str, ...]:
        rosters = rosters_of(person_id)
        return tuple(roster.course_id for roster in rosters if person_id in roster.people)

    def put_on_roster(self, course_id: str, person_id: str) -> None:
        again_if_raced(lambda: _put(course_id, person_id))

    def take_off_roster(self, course_id: str, person_id: str) -> None:
        again_if_raced(lambda: _take_off(course_id, person_id))


def read_roster(course_id: str) -> Roster:
    """Read strongly; empty if there is none."""
    try:
        return _roster(RosterRecord.get(course_id, ROSTER, consistent_read=True))
    except RosterRecord.DoesNotExist:
        return Roster(course_id)


def rosters_of(person_id: str) -> tuple[Roster, ...]:
    """Those that name the person, archived or not, read strongly."""
    memberships = MembershipRecord.query(
        person_id, MembershipRecord.sk.startswith(MEMBERSHIP), consistent_read=True
    )
    keys = [(membership.sk.removeprefix(MEMBERSHIP), ROSTER) for membership in memberships]
    rosters = (_roster(record) for record in RosterRecord.batch_get(keys, consistent_read=True))
    named = (roster for roster in rosters if person_id in roster.people | roster.archived)
    return tuple(sorted(named, key=lambda roster: roster.course_id))


def require_course(course_id: str) -> CourseRecord:
    """Read strongly. Raises CourseNotFound."""
    try:
        return CourseRecord.get(course_id, COURSE, consistent_read=True)
    except CourseRecord.DoesNotExist as error:
        raise CourseNotFound(f"There is no course {course_id}.") from error


def require_person(person_id: str) -> PersonRecord:
    """Read strongly. Raises PersonNotFound."""
    try:
        return PersonRecord.get(person_id, PERSON, consistent_read=True)
    except PersonRecord.DoesNotExist as error:
        raise PersonNotFound(f"There is no person {person_id}.") from error


def join(transaction: Transaction, course_id: str, person_id: str, *, is_member: bool) -> None:
    """The person's side of coming to a course. `is_member`: an import that was cut off has left the membership."""
    raced = Contention(f"{person_id} was changed by another writer.")
    there = MembershipRecord.person_id.exists() if is_member else MembershipRecord.person_id.does_not_exist()
    transaction.put(MembershipRecord(person_id, MEMBERSHIP + course_id), there, raced)
    transaction.update(
        PersonRecord(person_id, PERSON),
        [PersonRecord.revision.add(1), PersonRecord.course_count.add(0 if is_member else 1)],
        (PersonRecord.course_count < MOST_COURSES_OF_A_PERSON + is_member)
        & PersonRecord.archived_at.does_not_exist(),
        raced,
    )


def leave(transaction: Transaction, course_id: str, person_id: str) -> None:
    """The person's side of leaving a course; frames of it may go on naming the person, and are found by this."""
    transaction.put(LeftRecord(person_id, LEFT + course_id))
    transaction.delete(
        MembershipRecord(person_id, MEMBERSHIP + course_id),
        MembershipRecord.person_id.exists(),
        Contention(f"{person_id} was taken off the roster by another writer."),
    )
    transaction.update(
        PersonRecord(person_id, PERSON),
        [PersonRecord.revision.add(1), PersonRecord.course_count.add(-1)],
        PersonRecord.person_id.exists(),
        Contention(f"{person_id} was changed by another writer."),
    )


def change(
    transaction: Transaction, course_id: str, actions: list[Action], condition: Condition | None
) -> None:
    """The course's side: the roster, and the version that galleries are cached by."""
    transaction.update(
        RosterRecord(course_id),
        [*actions, RosterRecord.revision.add(1)],
        condition,
        Contention(f"The roster of {course_id} was changed by another writer."),
    )
    bump_course(transaction, course_id)


def members(course_id: str, person_ids: Collection[str]) -> frozenset[str]:
    """Those of the people who have the membership, read strongly."""
    keys = [(person_id, MEMBERSHIP + course_id) for person_id in person_ids]
    return frozenset(record.person_id for record in MembershipRecord.batch_get(keys, consistent_read=True))


def _put(course_id: str, person_id: str) -> None:
    if require_course(course_id).archived_at is not None:
        raise CourseArchived(f"The course {course_id} is archived.")
    person = require_person(person_id)
    if person.archived_at is not None:
        raise PersonArchived(f"{person_id} is archived: restore the person first.")
    roster = read_roster(course_id)
    if person_id in roster.people:
        return
    is_member = bool(members(course_id, [person_id]))
    if not is_member and person.course_count >= MOST_COURSES_OF_A_PERSON:
        raise LimitReached(f"A person takes at most {MOST_COURSES_OF_A_PERSON} courses.")
    if len(roster.people) >= MOST_PEOPLE_OF_A_ROSTER:
        raise LimitReached(f"A roster holds at most {MOST_PEOPLE_OF_A_ROSTER} people.")
    transaction = Transaction()
    join(transaction, course_id, person_id, is_member=is_member)
    people = RosterRecord.people
    room = people.does_not_exist() | (size(people) < MOST_PEOPLE_OF_A_ROSTER)
    change(transaction, course_id, [people.add({person_id})], room)
    transaction.commit()


def _take_off(course_id: str, person_id: str) -> None:
    missing = NotOnRoster(f"{person_id} is not on the roster of {course_id}.")
    roster = read_roster(course_id)
    if person_id not in roster.people | roster.archived:
        raise missing
    people = RosterRecord.people if person_id in roster.people else RosterRecord.archived
    transaction = Transaction()
    leave(transaction, course_id, person_id)
    change(transaction, course_id, [people.delete({person_id})], people.contains(person_id))
    transaction.commit()


def again_if_raced(attempt: Callable[[], None]) -> None:
    """What was read is read again when another writer was first. Raises Contention if that goes on."""
    for _ in range(ATTEMPTS - 1):
        with suppress(Contention):
            return attempt()
    return attempt()


def _roster(record: RosterRecord) -> Roster:
    return Roster(
        course_id=record.course_id,
        people=frozenset(record.people or ()),
        archived=frozenset(record.archived or ()),
        revision=int(record.revision),
    )
