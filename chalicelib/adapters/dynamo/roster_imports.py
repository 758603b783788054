"""Imports of rosters in DynamoDB: up to 1000 people in transactions of 100 writes, and one write that counts."""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from pynamodb.expressions.condition import Condition

from chalicelib.adapters.dynamo.people import add_person
from chalicelib.adapters.dynamo.records import (
    IMPORT,
    MEMBERSHIP,
    ROSTER,
    MembershipRecord,
    RosterImportRecord,
    RosterRecord,
)
from chalicelib.adapters.dynamo.rosters import again_if_raced, change, join, leave, members, read_roster
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.domain.courses import Roster
from chalicelib.domain.errors import Contention
from chalicelib.domain.people import Person

Item = TypeVar("Item")

MOST_WRITES = 100
# Each a membership, a person and a course that was left; beside them what they are conditional on.
PEOPLE_CHANGED = (MOST_WRITES - 2) // 3


class DynamoRosterImports:
    def begun(self, course_id: str, digest: str) -> str | None:
        record = _record(course_id, digest)
        return None if record is None else record.seed

    def begin(self, roster: Roster, digest: str, seed: str) -> None:
        course_id = roster.course_id
        transaction = Transaction()
        transaction.check(
            RosterRecord,
            (course_id, ROSTER),
            _at(roster),
            Contention(f"The roster of {course_id} was changed by another writer."),
        )
        transaction.put(
            RosterImportRecord(course_id, IMPORT + digest, seed=seed),
            RosterImportRecord.seed.does_not_exist() | (RosterImportRecord.seed == seed),
            Contention(f"The same import to {course_id} has just begun."),
        )
        transaction.commit()

    def members(self, course_id: str, person_ids: Collection[str]) -> frozenset[str]:
        return members(course_id, person_ids)

    def create(self, course_id: str, people: Iterable[Person]) -> None:
        for some in _groups(people):
            transaction = Transaction()
            for person in some:
                taken = Contention(f"{person.person_id} was made by the same import, running twice.")
                add_person(transaction, person, taken)
                transaction.put(MembershipRecord(person.person_id, MEMBERSHIP + course_id))
            transaction.commit()

    def join(self, course_id: str, person_ids: Iterable[str]) -> None:
        for some in _chunks(sorted(person_ids), PEOPLE_CHANGED):
            transaction = Transaction()
            for person_id in some:
                join(transaction, course_id, person_id, is_member=False)
            transaction.commit()

    def switch(self, roster: Roster, digest: str, leaving: frozenset[str]) -> None:
        course_id = roster.course_id
        transaction = Transaction()
        people = RosterRecord.people
        change(transaction, course_id, [people.set(set(roster.people))], _at(roster))
        if leaving:
            transaction.update(
                RosterImportRecord(course_id, IMPORT + digest),
                [RosterImportRecord.leaving.add(set(leaving))],
                RosterImportRecord.seed.exists(),
                Contention(f"The same import to {course_id} has just ended."),
            )
        transaction.commit()

    def finish(self, course_id: str, digest: str) -> None:
        record = _record(course_id, digest)
        if record is not None:
            again_if_raced(lambda: _let_go(course_id, frozenset(record.leaving or ())))
            record.delete()


def _let_go(course_id: str, leaving: frozenset[str]) -> None:
    """Nobody on the roster, who may have been put back meanwhile, is without a membership."""
    roster = read_roster(course_id)
    gone = members(course_id, leaving - roster.people - roster.archived)
    for some in _chunks(sorted(gone), PEOPLE_CHANGED):
        transaction = Transaction()
        transaction.check(
            RosterRecord,
            (course_id, ROSTER),
            _at(roster),
            Contention(f"The roster of {course_id} was changed by another writer."),
        )
        for person_id in some:
            leave(transaction, course_id, person_id)
        transaction.commit()


def _at(roster: Roster) -> Condition:
    """The roster is as it was read."""
    revision = RosterRecord.revision
    return (revision == roster.revision) if roster.revision else revision.does_not_exist()


def _groups(people: Iterable[Person]) -> Iterator[list[Person]]:
    """As many people as a transaction takes: three writes each, and one for each external id."""
    group: list[Person] = []
    writes = 0
    for person in people:
        cost = 3 + len(person.external_ids)
        if writes + cost > MOST_WRITES:
            yield group
            group, writes = [], 0
        group.append(person)
        writes += cost
    if group:
        yield group


def _chunks(items: Iterable[Item], length: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, length)):
        yield chunk


def _record(course_id: str, digest: str) -> RosterImportRecord | None:
    try:
        return RosterImportRecord.get(course_id, IMPORT + digest, consistent_read=True)
    except RosterImportRecord.DoesNotExist:
        return None
