"""A roster as CSV: what schools' spreadsheets write is read, and what is written can be read back unchanged.

Columns, in any order: `name`, `person_id`, and an external id as `<system>_id`, for example `sis_id`.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from chalicelib.domain.errors import InvalidRequest, PayloadTooLarge
from chalicelib.domain.external_ids import LONGEST_ID, OURS, SYSTEM, external_id
from chalicelib.domain.names import tidy, tidy_name
from chalicelib.domain.people import Person

MOST_BYTES = 1024 * 1024
MOST_ROWS = 1000
DELIMITERS = ",;\t"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NAME, PERSON_ID, ID = "name", "person_id", "_id"


@dataclass(frozen=True)
class Row:
    """One person of the file; `line` is where the row begins, counted from 1."""

    line: int
    name: str = ""
    person_id: str | None = None
    external_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """What is wrong with the row that begins at `line`."""

    line: int
    code: str
    message: str


@dataclass(frozen=True)
class RosterFile:
    """What was read. Columns that mean nothing here are ignored and named."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    ignored_columns: tuple[str, ...]


def read_roster(data: bytes, charset: str = "utf-8") -> RosterFile:
    """Raises PayloadTooLarge, and InvalidRequest for a file that is no such table at all."""
    if len(data) > MOST_BYTES:
        raise PayloadTooLarge(f"A roster has at most {MOST_BYTES} bytes.")
    text = _decode(data, charset)
    records = _records(text, _delimiter(text))
    _, header = next(records, (1, []))
    columns = [tidy(cell).casefold() for cell in header]
    meant = [column for column in columns if _means_something(column)]
    if not {NAME, PERSON_ID} & set(meant):
        raise InvalidRequest("The first line must name the columns; one of them is `name` or `person_id`.")
    if len(set(meant)) < len(meant):
        raise InvalidRequest("Two columns have the same name.")
    rows: list[Row] = []
    faults: list[Fault] = []
    for line, cells in records:
        if len(rows) + len(faults) == MOST_ROWS:
            raise InvalidRequest(f"A roster has at most {MOST_ROWS} rows.")
        read = _row(line, columns, cells)
        (faults if isinstance(read, Fault) else rows).append(read)  # type: ignore[arg-type]
    ignored = tuple(column for column in columns if not _means_something(column))
    return RosterFile(tuple(rows), tuple(faults), ignored)


def write_roster(people: Iterable[Person]) -> str:
    """With a byte order mark, without which spreadsheets misread names."""
    people = tuple(people)
    systems = sorted({system for person in people for system in person.external_ids})
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow((PERSON_ID, NAME, *(system + ID for system in systems)))
    for person in people:
        ids = (person.external_ids.get(system, "") for system in systems)
        writer.writerow((person.person_id, inert(person.name), *map(inert, ids)))
    return text.getvalue()


def inert(cell: str) -> str:
    """A spreadsheet would run a cell that begins like a formula; an apostrophe says that it is text."""
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA) else cell


def _as_meant(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and inert(cell[1:]) == cell else cell


def _decode(data: bytes, charset: str) -> str:
    """UTF-8 unless the sender names another: an encoding that is guessed spoils names in silence."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        charset = "utf-16"
    if charset not in ("utf-8", "utf-16", "windows-1252"):
        raise InvalidRequest(
            "A roster is UTF-8, UTF-16 with a byte order mark, or windows-1252 if so declared."
        )
    try:
        text = data.decode(charset).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidRequest(
            f"Line {line} is no {charset}: save the file as UTF-8, or declare it to be windows-1252."
        ) from error
    if (
        spoilt := text.find("\ufffd")
    ) >= 0:  # a gateway that took it for text puts this for what it cannot read
        line = text[:spoilt].count("\n") + 1
        raise InvalidRequest(
            f"Line {line} lost letters on its way: send the file as application/octet-stream."
        )
    return text


def _delimiter(text: str) -> str:
    """The one by which the header falls into the most columns that mean something."""

    def columns_by(delimiter: str) -> int:
        try:
            _, header = next(_records(text, delimiter), (1, []))
        except InvalidRequest:  # quotes that only make sense with another delimiter
            return 0
        return sum(_means_something(tidy(cell).casefold()) for cell in header)

    return max(DELIMITERS, key=columns_by)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record and the line where it begins, without those that are empty. Raises InvalidRequest."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InvalidRequest(f"The row that begins at line {line} is no CSV: {error}.") from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _means_something(column: str) -> bool:
    return column in (NAME, PERSON_ID) or _system(column) is not None


def _system(column: str) -> str | None:
    system = column.removesuffix(ID)
    return system if system != column and SYSTEM.fullmatch(system) and system not in OURS else None


def _row(line: int, columns: list[str], cells: list[str]) -> Row | Fault:
    if any(cell.strip() for cell in cells[len(columns) :]):
        message = (
            f"It has {len(cells)} cells for {len(columns)} columns: a cell with a delimiter needs quotes."
        )
        return Fault(line, "too_many_cells", message)
    given = {
        column: _as_meant(cell.strip(" "))
        for column, cell in zip(columns, cells, strict=False)
        if cell.strip()
    }
    try:
        name = tidy_name(given[NAME]) if NAME in given else ""
    except InvalidRequest as error:
        return Fault(line, "invalid_name", str(error))
    systems = ((system, value) for column, value in given.items() if (system := _system(column)))
    try:
        external_ids = dict(external_id(system, value) for system, value in systems)
    except InvalidRequest as error:
        return Fault(line, "invalid_external_id", str(error))
    person_id = given.get(PERSON_ID)
    if person_id is not None and len(person_id) > LONGEST_ID:
        return Fault(line, "invalid_person_id", "That is no id of a person.")
    if not (name or person_id or external_ids):
        return Fault(line, "missing_name", "The row names nobody.")
    return Row(line, name, person_id, external_ids)
