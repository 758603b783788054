"""What spreadsheets write is read; what is written is read back the same."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.courses import Roster
from chalicelib.domain.errors import InvalidRequest, PayloadTooLarge
from chalicelib.domain.external_ids import external_id
from chalicelib.domain.names import tidy_name
from chalicelib.domain.people import Person
from chalicelib.domain.roster_csv import MOST_BYTES, MOST_ROWS, Row, read_roster, write_roster
from chalicelib.domain.rosters import Action, Known, Mode, plan_import

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ADA = Row(2, "Ada", None, {"sis": "A-17"})


@pytest.mark.parametrize(
    "text",
    [
        "name,sis_id\nAda,A-17\n",
        "\ufeffname;sis_id\r\nAda;A-17\r\n",
        "sis_id\tname\nA-17\tAda",
        '"SIS_ID";" Name "\nA-17;" Ada "\n\n;;\n',
        "name,sis_id\rAda,A-17\r",
    ],
    ids=["commas", "mark and semicolons", "tabs", "quoted header, empty rows", "old line ends"],
)
def test_every_spreadsheets_csv_is_read(text: str) -> None:
    assert read_roster(text.encode()).rows == (ADA,)


def test_utf_16_is_read_by_its_mark_and_windows_1252_only_when_declared() -> None:
    assert read_roster("name\nZoë\n".encode("utf-16")).rows[0].name == "Zoë"
    western = "name\nAda\nZoë\n".encode("windows-1252")
    assert read_roster(western, "windows-1252").rows[1].name == "Zoë"
    with pytest.raises(InvalidRequest, match="Line 3 is no utf-8"):
        read_roster(western)
    with pytest.raises(InvalidRequest):
        read_roster(b"name\nAda\n", "utf-7")


def test_a_quoted_name_may_hold_delimiters_and_line_breaks_and_lines_are_counted_right() -> None:
    rows = read_roster(b'name,sis_id\n"Lovelace,\nAda",A-17\n"O""Neill",B-2\n').rows
    assert rows == (Row(2, "Lovelace, Ada", None, {"sis": "A-17"}), Row(4, 'O"Neill', None, {"sis": "B-2"}))


def test_one_name_has_one_spelling() -> None:
    composed, apart = "Zoe\u0308 A\u030angstro\u0308m", "Zoë \u212bngström"
    names = [row.name for row in read_roster(f"name\n{composed}\n{apart}\n".encode()).rows]
    assert names == ["Zoë Ångström"] * 2


def test_columns_that_mean_nothing_are_named() -> None:
    file = read_roster(b"Class,name,course_id,E-mail\n7b,Ada,x,ada@example.org\n")
    assert file.rows == (Row(2, "Ada"),)
    assert file.ignored_columns == ("class", "course_id", "e-mail")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("Ada,1,more", "too_many_cells"),
        ("A\u202eda,1", "invalid_name"),
        ("A\x00da,1", "invalid_name"),
        (f"{'a' * 201},1", "invalid_name"),
        (f"Ada,{'1' * 129}", "invalid_external_id"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_its_line(row: str, code: str) -> None:
    (fault,) = read_roster(f"name,sis_id\nBen,2\n{row}\n".encode()).faults
    assert (fault.line, fault.code) == (3, code)


@pytest.mark.parametrize(
    "data",
    [b"", b"class;sis_id\n7b;1\n", b"name,name\nAda,Ben\n", b'name\n"Ada\n', b'name\n"Ada"x\n'],
    ids=["empty", "no name column", "a column twice", "an open quote", "text after a quote"],
)
def test_what_is_no_roster_is_refused_whole(data: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_roster(data)


def test_a_file_has_limits() -> None:
    rows = "".join(f"n{number}\n" for number in range(MOST_ROWS))
    assert len(read_roster(f"name\n{rows}".encode()).rows) == MOST_ROWS
    with pytest.raises(InvalidRequest):
        read_roster(f"name\n{rows}one more\n".encode())
    with pytest.raises(PayloadTooLarge):
        read_roster(b"name\n" + b"x" * MOST_BYTES)


def kept(tidy, *arguments):
    """Only what Rollcall would keep."""

    def is_kept(text: str) -> bool:
        try:
            tidy(*arguments, text)
        except InvalidRequest:
            return False
        return True

    return is_kept


NASTY = st.text(st.sampled_from("aé=+-@'\";,\t\r\n \u00a0\u200d|٣中😀"), min_size=1, max_size=8) | st.text(
    min_size=1, max_size=12
)
NAMES = NASTY.filter(kept(tidy_name)).map(tidy_name)
IDS = NASTY.filter(kept(external_id, "sis")).map(lambda text: external_id("sis", text)[1])
SYSTEMS = st.sampled_from(["sis", "moodle", "canvas_2"])


@given(st.lists(st.tuples(NAMES, st.dictionaries(SYSTEMS, IDS)), max_size=6), st.sampled_from(Mode))
def test_an_exported_roster_imported_again_changes_nothing(
    drawn: list[tuple[str, dict[str, str]]], mode: Mode
) -> None:
    people, owners = {}, {}
    for number, (name, ids) in enumerate(drawn):
        free = {system: value for system, value in ids.items() if (system, value) not in owners}
        person = Person(f"per_{number}", name, NOW, external_ids=free)
        people[person.person_id] = person
        owners.update(dict.fromkeys(free.items(), person.person_id))
    file = read_roster(write_roster(people.values()).encode())
    assert not file.faults
    assert not file.ignored_columns
    known = Known(Roster("crs_1", frozenset(people)), people, owners, frozenset(people), "seed")
    plan = plan_import(file, mode, known, NOW)
    assert [report.person_id for report in plan.reports] == list(people)
    assert all((row.action, row.message) == (Action.ALREADY_ON_ROSTER, None) for row in plan.reports)
    assert (plan.creating, plan.linking, plan.joining) == ((), (), frozenset())
    assert plan.people == frozenset(people)


@given(st.lists(st.tuples(NAMES, IDS), max_size=4))
def test_no_cell_of_an_export_is_a_formula(drawn: list[tuple[str, str]]) -> None:
    people = [Person(f"per_{n}", name, NOW, external_ids={"sis": sis}) for n, (name, sis) in enumerate(drawn)]
    for cells in csv.reader(io.StringIO(write_roster(people), newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def test_the_round_trip_would_notice_a_name_that_changed() -> None:
    person = Person("per_0", "'=1+1", NOW)
    known = Known(Roster("c", frozenset({"per_0"})), {"per_0": person}, {}, frozenset({"per_0"}), "seed")
    text = write_roster([replace(person, name="=1+1")])
    (report,) = plan_import(read_roster(text.encode()), Mode.ADD, known, NOW).reports
    assert report.message is not None
