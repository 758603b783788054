"""What a roster file means for a course: who is made, found, put on and taken off, or what is wrong, row by row."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from chalicelib.domain.courses import Roster
from chalicelib.domain.errors import LimitReached
from chalicelib.domain.external_ids import MOST_SYSTEMS, ExternalId
from chalicelib.domain.ids import Kind, id_from
from chalicelib.domain.people import Person
from chalicelib.domain.roster_csv import RosterFile, Row

MOST_COURSES_OF_A_PERSON = (
    48  # archiving a person writes two items of each course, and a transaction takes 100
)
MOST_PEOPLE_OF_A_ROSTER = 1000


class Mode(StrEnum):
    ADD = "add"
    REPLACE = "replace"  # who is not in the file is taken off


class Action(StrEnum):
    CREATED = "created"
    FOUND = "found"
    ALREADY_ON_ROSTER = "already_on_roster"


@dataclass(frozen=True)
class RowReport:
    """What is, or would be, done for the row that begins at `line`; or what is wrong with it, by its code."""

    line: int
    action: Action | None = None
    person_id: str | None = None
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class Known:
    """What the deployment holds of the people that a file may speak of.

    `members`: who has this course's membership. `seed`: what the ids of new people are derived from.
    """

    roster: Roster
    people: Mapping[str, Person]
    owners: Mapping[ExternalId, str]
    members: frozenset[str]
    seed: str

    @cached_property
    def on_roster_by_name(self) -> dict[str, list[Person]]:
        named: dict[str, list[Person]] = {}
        for person_id in self.roster.people & self.people.keys():
            named.setdefault(self.people[person_id].name, []).append(self.people[person_id])
        return named


@dataclass(frozen=True)
class Plan:
    """`linking`: people who get external ids, as they were and as they will be. `people`: the roster in the end."""

    reports: tuple[RowReport, ...]
    creating: tuple[Person, ...]
    linking: tuple[tuple[Person, Person], ...]
    joining: frozenset[str]
    people: frozenset[str]

    @property
    def refused(self) -> bool:
        return any(report.code is not None for report in self.reports)


class _FaultError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


@dataclass
class _Taken:
    """Lines by what may stand in a file only once."""

    line_by_key: dict[str | ExternalId, int] = field(default_factory=dict)

    def take(self, line: int, *keys: str | ExternalId) -> None:
        for key in keys:
            if (first := self.line_by_key.setdefault(key, line)) != line:
                raise _FaultError("duplicate_in_file", f"Line {first} names the same person.")


def plan_import(file: RosterFile, mode: Mode, known: Known, now: datetime) -> Plan:
    """Raises LimitReached if the roster would be too long."""
    taken = _Taken()
    reports = [RowReport(fault.line, code=fault.code, message=fault.message) for fault in file.faults]
    before: dict[str, Person] = {}
    after: dict[str, Person] = {}
    for row in file.rows:
        try:
            stored = _resolve(row, known)
            person = _new(row, known, now) if stored is None else _linked(row, stored, known)
            taken.take(row.line, person.person_id, *row.external_ids.items())
            if stored is None and not row.external_ids:
                taken.take(row.line, f"named {person.name}")
        except _FaultError as fault:
            reports.append(RowReport(row.line, code=fault.code, message=fault.message))
            continue
        after[person.person_id] = person
        if stored is not None:
            before[person.person_id] = stored
        reports.append(_report(row, person, known))
    people = frozenset(after) | (known.roster.people if mode is Mode.ADD else frozenset())
    if len(people) > MOST_PEOPLE_OF_A_ROSTER:
        raise LimitReached(f"A roster holds at most {MOST_PEOPLE_OF_A_ROSTER} people.")
    return Plan(
        reports=tuple(sorted(reports, key=lambda report: report.line)),
        creating=tuple(person for person_id, person in after.items() if person_id not in before),
        linking=tuple((before[key], after[key]) for key in before if before[key] != after[key]),
        joining=frozenset(before) - known.roster.people - known.members,
        people=people,
    )


def made_by(row: Row, seed: str) -> str:
    """The id of the person whom this row makes, if it makes one."""
    return id_from(f"{seed}/{row.line}", Kind.PERSON)


def _resolve(row: Row, known: Known) -> Person | None:
    """The person whom the row speaks of, or None if it makes one."""
    owners = {known.owners[pair] for pair in row.external_ids.items() if pair in known.owners}
    if row.person_id is not None:
        owners.add(row.person_id)
    if len(owners) > 1:
        raise _FaultError("ids_of_several_people", "The ids of this row belong to different people.")
    if not owners:
        return known.people.get(made_by(row, known.seed)) or _of_that_name(row, known)
    person = known.people.get(owners.pop())
    if person is None:
        raise _FaultError("person_not_found", "There is no such person.")
    return person


def _of_that_name(row: Row, known: Known) -> Person | None:
    """A name alone is that of the one person on the roster who bears it."""
    if row.external_ids:
        return None
    namesakes = known.on_roster_by_name.get(row.name, [])
    if len(namesakes) > 1:
        raise _FaultError("ambiguous_name", "Several people on the roster bear this name: give an id.")
    return namesakes[0] if namesakes else None


def _new(row: Row, known: Known, now: datetime) -> Person:
    if not row.name:
        raise _FaultError("person_not_found", "Nobody has this id, and without a name nobody is added.")
    person_id = made_by(row, known.seed)
    return Person(person_id, row.name, now, external_ids=row.external_ids, course_count=1)


def _linked(row: Row, person: Person, known: Known) -> Person:
    """The person with the external ids that the row adds."""
    if person.archived_at is not None:
        raise _FaultError("person_archived", "This person is archived: restore them first.")
    if person.person_id not in known.members and person.course_count >= MOST_COURSES_OF_A_PERSON:
        raise _FaultError("limit_reached", f"A person takes at most {MOST_COURSES_OF_A_PERSON} courses.")
    if any(person.external_ids.get(system, value) != value for system, value in row.external_ids.items()):
        raise _FaultError("external_id_differs", "This person has another id in that system.")
    external_ids = {**person.external_ids, **row.external_ids}
    if len(external_ids) > MOST_SYSTEMS:
        raise _FaultError("limit_reached", f"At most {MOST_SYSTEMS} systems know a person.")
    return replace(person, external_ids=external_ids)


def _report(row: Row, person: Person, known: Known) -> RowReport:
    person_id = person.person_id
    on_roster = person_id in known.roster.people
    if on_roster:
        action = Action.ALREADY_ON_ROSTER
    elif person_id == made_by(row, known.seed):
        action = Action.CREATED
    else:
        action = Action.FOUND
    differs = row.name not in ("", person.name)
    message = "The person bears another name here, which was kept." if differs else None
    return RowReport(row.line, action, person_id, message=message)
