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
from chalicelib.api.schemas import Out, PageOut, PageQuery, Query, Time
from chalicelib.domain.attendance import AttendanceRecord, Evidence, Mark, Source, Status
from chalicelib.domain.roster_csv import inert
from chalicelib.services.list_attendance import Entry, list_attendance

attendance = Routes(__name__)

CSV = "text/csv"
CSV_COLUMNS = (
    *("person_id", "name", "status", "first_seen", "last_seen", "checked_in_at", "minutes"),
    *("confidence", "similarity", "score", "margin", "threshold", "model_id", "frame_id"),
    *("marked_by", "marked_at", "reason"),
)


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
    source: Source

    @classmethod
    def of(cls, evidence: Evidence | None) -> "EvidenceOut | None":
        return None if evidence is None else cls.model_validate(asdict(evidence))


class MarkOut(Out):
    """What a human decided last. A confirmation has no status of its own: it names the frame that was confirmed."""

    by: str
    at: Time
    status: Status | None
    reason: str | None
    frame_id: str | None

    @classmethod
    def of(cls, mark: Mark | None) -> "MarkOut | None":
        if mark is None:
            return None
        frame_id = None if mark.evidence is None else mark.evidence.frame_id
        return cls(by=mark.by, at=mark.at, status=mark.status, reason=mark.reason, frame_id=frame_id)


class RecordOut(Out):
    """One person in one session.

    `minutes`: an estimate, between the first and the last look. `evidence`: why the person is present; `review`: what
    a human should look at; `mark`: what a human decided. `revision` is what If-Match names. `refused_claim`: the person
    said "that is me" of a face that was not alike enough. `contested_frames`: where another person's claim to the face
    that this one was credited with was accepted.
    """

    session_id: str
    person_id: str
    starts_at: Time | None
    status: Status
    first_seen: Time | None
    last_seen: Time | None
    checked_in_at: Time | None
    minutes: int | None
    evidence: EvidenceOut | None
    review: EvidenceOut | None
    refused_claim: EvidenceOut | None
    contested_frames: tuple[str, ...]
    mark: MarkOut | None
    revision: int

    @classmethod
    def of(cls, record: AttendanceRecord) -> "RecordOut":
        confirmed = None if record.mark is None else record.mark.evidence
        return cls(
            session_id=record.session_id,
            person_id=record.person_id,
            starts_at=record.starts_at,
            status=record.status,
            first_seen=record.since,
            last_seen=record.until,
            checked_in_at=record.checked_in_at,
            minutes=record.minutes,
            evidence=EvidenceOut.of(confirmed or record.evidence),
            review=EvidenceOut.of(record.proposal),
            refused_claim=EvidenceOut.of(record.refused_claim),
            contested_frames=tuple(sorted(record.contested_frames)),
            mark=MarkOut.of(record.mark),
            revision=record.revision,
        )


class EntryOut(RecordOut):
    name: str

    @classmethod
    def of_entry(cls, entry: Entry) -> "EntryOut":
        return cls(**dict(RecordOut.of(entry.record)), name=entry.name)


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
    return AttendanceOut(session_id=session_id, items=tuple(map(EntryOut.of_entry, entries)))


@attendance.route("GET", "/v1/people/{person_id}/attendance")
def list_attendance_of_person(_: ApiRequest, person_id: str, query: PageQuery) -> PageOut[RecordOut]:
    """List a person's attendance of all sessions, by their scheduled start."""
    wiring.people().get(person_id)
    page = wiring.attendance().of_person(person_id, query.limit, query.cursor)
    return PageOut(items=tuple(map(RecordOut.of, page.items)), next_cursor=page.cursor)


def _csv_out(entries: Sequence[Entry]) -> str:
    """With a byte order mark, without which spreadsheets misread names."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.DictWriter(text, CSV_COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for entry in entries:
        out: dict[str, Any] = EntryOut.of_entry(entry).model_dump(mode="json")
        mark = out["mark"] or {}
        writer.writerow(
            (out["evidence"] or {})
            | out
            | {
                "name": inert(entry.name),
                "marked_by": mark.get("by"),
                "marked_at": mark.get("at"),
                "reason": inert(mark.get("reason") or ""),
            }
        )
    return text.getvalue()
