"""/v1/sessions/{id}/attendance: the register of a session, as JSON and as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

from chalice.app import Response

from chalicelib import wiring
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import Out, Query, Time
from chalicelib.domain.attendance import Evidence, Status
from chalicelib.services.list_attendance import Entry, list_attendance

attendance = Routes(__name__)

CSV = "text/csv"
CSV_COLUMNS = ("person_id", "name", "status", "first_seen", "last_seen", "similarity", "frame_id")


class AttendanceQuery(Query):
    format: Literal["json", "csv"] | None = None


class BoxOut(Out):
    """Pixels, from the top left corner of the upright picture."""

    left: float
    top: float
    width: float
    height: float


class EvidenceOut(Out):
    """One sighting with the figures that decided it; higher is closer."""

    frame_id: str
    model_id: str
    box: BoxOut
    similarity: float
    score: float
    margin: float
    threshold: float
    confidence: float

    @classmethod
    def of(cls, evidence: Evidence | None) -> "EvidenceOut | None":
        return None if evidence is None else cls.model_validate(asdict(evidence))


class EntryOut(Out):
    """`evidence`: why the person is present; `review`: what a human should look at."""

    person_id: str
    name: str
    status: Status
    first_seen: Time | None
    last_seen: Time | None
    evidence: EvidenceOut | None
    review: EvidenceOut | None

    @classmethod
    def of(cls, entry: Entry) -> "EntryOut":
        record = entry.record
        seen = record.first_seen
        return cls(
            person_id=record.person_id,
            name=entry.name,
            status=record.status,
            first_seen=seen,
            last_seen=None if seen is None else max(seen, record.last_seen or seen),
            evidence=EvidenceOut.of(record.evidence),
            review=EvidenceOut.of(record.proposal),
        )


class AttendanceOut(Out):
    session_id: str
    items: tuple[EntryOut, ...]


@attendance.route("GET", "/v1/sessions/{session_id}/attendance", also=[CSV])
def get_attendance(request: ApiRequest, session_id: str, query: AttendanceQuery) -> AttendanceOut | Response:
    """Read a session's register, by name; as CSV if format=csv or Accept says so."""
    entries = list_attendance(
        session_id,
        sessions=wiring.sessions(),
        courses=wiring.courses(),
        attendance=wiring.attendance(),
        people=wiring.people(),
    )
    if query.format == "csv" or (query.format is None and request.accepts(CSV)):
        headers: dict[str, str | list[str]] = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{session_id}.csv"',
        }
        return Response(_csv_out(entries), headers=headers)
    return AttendanceOut(session_id=session_id, items=tuple(map(EntryOut.of, entries)))


def _csv_out(entries: Sequence[Entry]) -> str:
    """With a byte order mark, without which spreadsheets misread names."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.DictWriter(text, CSV_COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for entry in entries:
        out: dict[str, Any] = EntryOut.of(entry).model_dump(mode="json")
        writer.writerow(out | (out["evidence"] or {}) | {"name": inert(entry.name)})
    return text.getvalue()


def inert(text: str) -> str:
    """A spreadsheet would run a cell that begins like a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
