"""Import a roster from CSV: all or nothing, and repeated after a cut it ends the same and makes nobody twice.

The whole file is checked before anything is written. Then people are made and memberships written, which change no
roster; the roster changes in one write; the memberships of those it lost go last.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import Contention, CourseArchived, ExternalIdTaken, InvalidRequest
from chalicelib.domain.ids import new_seed
from chalicelib.domain.roster_csv import RosterFile, read_roster
from chalicelib.domain.rosters import Action, Known, Mode, Plan, RowReport, made_by, plan_import
from chalicelib.services.ports import Courses, People, RosterImports

ATTEMPTS = 5


@dataclass(frozen=True)
class ImportReport:
    """`applied` is False for a dry run, and when a row is wrong: then nothing was done."""

    applied: bool
    rows: tuple[RowReport, ...]
    taken_off: tuple[str, ...]
    ignored_columns: tuple[str, ...]

    @property
    def refused(self) -> bool:
        return any(row.code is not None for row in self.rows)

    def count(self, action: Action) -> int:
        return sum(row.action is action for row in self.rows)


def import_roster(
    course_id: str,
    data: bytes,
    *,
    charset: str,
    mode: Mode,
    dry_run: bool,
    courses: Courses,
    people: People,
    imports: RosterImports,
    clock: Clock,
) -> ImportReport:
    """Raises CourseNotFound, CourseArchived, InvalidRequest, PayloadTooLarge, LimitReached, Contention."""
    file = read_roster(data, charset)
    if not file.rows and not file.faults:
        raise InvalidRequest("The file names nobody.")
    digest = sha256(mode.encode() + data).hexdigest()
    for _ in range(ATTEMPTS):
        if courses.get(course_id).archived_at is not None:
            raise CourseArchived(f"The course {course_id} is archived.")
        begun = imports.begun(course_id, digest)
        made = {made_by(row, begun) for row in file.rows} if begun else frozenset()
        known = _known(
            course_id, file, begun or new_seed(), made, courses=courses, people=people, imports=imports
        )
        plan = plan_import(file, mode, known, clock())
        if dry_run or plan.refused:
            return _report(file, plan, known, applied=False)
        with suppress(Contention, ExternalIdTaken):  # looked at again: who was made meanwhile is found
            _apply(digest, plan, known, begun=begun is not None, people=people, imports=imports)
            break
    else:
        raise Contention(f"The roster of {course_id} was being changed by others.")
    imports.finish(course_id, digest)
    return _report(file, plan, known, applied=True)


def _known(
    course_id: str,
    file: RosterFile,
    seed: str,
    made: Collection[str],
    *,
    courses: Courses,
    people: People,
    imports: RosterImports,
) -> Known:
    roster = courses.whole_roster(course_id)
    owners = people.owners({pair for row in file.rows for pair in row.external_ids.items()})
    named = {row.person_id for row in file.rows if row.person_id is not None}
    found = people.get_all(roster.people.union(named, made, owners.values()))
    return Known(roster, found, owners, imports.members(course_id, found), seed)


def _apply(
    digest: str, plan: Plan, known: Known, *, begun: bool, people: People, imports: RosterImports
) -> None:
    course_id = known.roster.course_id
    if not begun:
        if not (plan.creating or plan.linking) and plan.people == known.roster.people:
            return
        imports.begin(known.roster, digest, known.seed)
    for before, after in plan.linking:
        people.save(after, before)
    imports.create(course_id, plan.creating)
    imports.join(course_id, plan.joining)
    if plan.people != known.roster.people:
        imports.switch(replace(known.roster, people=plan.people), digest, known.roster.people - plan.people)


def _report(file: RosterFile, plan: Plan, known: Known, *, applied: bool) -> ImportReport:
    taken_off = tuple(sorted(known.roster.people - plan.people))
    rows = plan.reports
    if not applied:  # who would be made has no id yet
        rows = tuple(replace(row, person_id=None) if row.action is Action.CREATED else row for row in rows)
    return ImportReport(applied, rows, taken_off, file.ignored_columns)
