"""/v1/courses/{id}/roster: who takes a course, as JSON and as CSV, and imports of rosters."""

from typing import Literal

from chalice.app import Response

from chalicelib import wiring
from chalicelib.api.errors import problem, status_of
from chalicelib.api.people import PersonOut
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import Out, Query
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import (
    CourseArchived,
    LimitReached,
    NotOnRoster,
    PersonArchived,
    RosterRefused,
)
from chalicelib.domain.roster_csv import write_roster
from chalicelib.domain.rosters import Action, Mode, RowReport
from chalicelib.services.import_roster import ImportReport, import_roster
from chalicelib.services.list_roster import list_roster

rosters = Routes(__name__)

CSV = "text/csv"
BYTES = "application/octet-stream"


class RosterQuery(Query):
    format: Literal["json", "csv"] | None = None


class RosterOut(Out):
    """By name, without those who are archived."""

    course_id: str
    items: tuple[PersonOut, ...]


class ImportQuery(Query):
    """`replace` takes off who is not in the file. A dry run tells what would be done."""

    mode: Literal["add", "replace"] = "add"
    dry_run: bool = False
    charset: Literal["utf-8", "windows-1252"] = "utf-8"


class RowOut(Out):
    """The row that begins at `line`: what was done for it, or the code of what is wrong with it."""

    line: int
    action: Action | None
    person_id: str | None
    code: str | None
    message: str | None

    @classmethod
    def of(cls, row: RowReport) -> "RowOut":
        return cls(
            line=row.line, action=row.action, person_id=row.person_id, code=row.code, message=row.message
        )


class ImportOut(Out):
    """`taken_off`: ids of people who were on the roster and are not in the file."""

    applied: bool
    created: int
    found: int
    already_on_roster: int
    taken_off: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    rows: tuple[RowOut, ...]

    @classmethod
    def of(cls, report: ImportReport) -> "ImportOut":
        return cls(
            applied=report.applied,
            created=report.count(Action.CREATED),
            found=report.count(Action.FOUND),
            already_on_roster=report.count(Action.ALREADY_ON_ROSTER),
            taken_off=report.taken_off,
            ignored_columns=report.ignored_columns,
            rows=tuple(map(RowOut.of, report.rows)),
        )


@rosters.route("GET", "/v1/courses/{course_id}/roster", also=[CSV])
def get_roster(request: ApiRequest, course_id: str, query: RosterQuery) -> RosterOut | Response:
    """Read a course's roster; as CSV, which can be imported again, if format=csv or Accept says so."""
    people = list_roster(course_id, courses=wiring.courses(), people=wiring.people())
    if query.format == "csv" or (query.format is None and request.accepts(CSV)):
        headers: dict[str, str | list[str]] = {
            "Content-Type": f"{CSV}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{course_id}.csv"',
        }
        return Response(write_roster(people), headers=headers)
    return RosterOut(course_id=course_id, items=tuple(map(PersonOut.of, people)))


@rosters.route(
    "PUT",
    "/v1/courses/{course_id}/roster/{person_id}",
    errors=[LimitReached, PersonArchived, CourseArchived],
)
def put_on_roster(_: ApiRequest, course_id: str, person_id: str) -> None:
    """Put a person on a course's roster. Who is on it stays on it."""
    wiring.courses().put_on_roster(course_id, person_id)


@rosters.route("DELETE", "/v1/courses/{course_id}/roster/{person_id}", errors=[NotOnRoster])
def take_off_roster(_: ApiRequest, course_id: str, person_id: str) -> None:
    """Take a person off a course's roster; the very next frame does not match him."""
    wiring.courses().take_off_roster(course_id, person_id)


@rosters.route(
    "POST",
    "/v1/courses/{course_id}/roster-imports",
    takes=[CSV, BYTES],
    errors=[RosterRefused, LimitReached, CourseArchived],
)
def post_roster_import(request: ApiRequest, course_id: str, query: ImportQuery) -> ImportOut | Response:
    """Import a roster from CSV, all or nothing.

    Columns in any order: `name`, `person_id`, and external ids as `<system>_id`, such as `sis_id`. Sent again, it makes
    nobody twice. A file that is not UTF-8 goes as application/octet-stream with its charset.
    """
    report = import_roster(
        course_id,
        request.body,
        charset=query.charset,
        mode=Mode(query.mode),
        dry_run=query.dry_run,
        courses=wiring.courses(),
        people=wiring.people(),
        imports=wiring.roster_imports(),
        clock=utc_now,
    )
    out = ImportOut.of(report)
    if not report.refused:
        return out
    wrong = sum(row.code is not None for row in report.rows)
    detail = f"{wrong} of {len(report.rows)} rows are wrong, so nothing was done."
    return problem(
        status_of(RosterRefused), RosterRefused.code, detail, **out.model_dump(mode="json", include={"rows"})
    )
