"""/v1/sessions/{id}/attendance: the register of a session, as JSON and as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from chalice.app import Response

from chalicelib import wiring
from chalicelib.api.routes import ADMIN, ApiRequest, Routes
from chalicelib.api.schemas import AttendanceQuery, time_out
from chalicelib.domain.attendance import Evidence
from chalicelib.services.list_attendance import Entry, list_attendance

attendance = Routes(__name__)

CSV_COLUMNS = ("person_id", "name", "status", "first_seen", "last_seen", "similarity", "frame_id")


@attendance.route("/v1/sessions/{session_id}/attendance", methods=["GET"], roles=ADMIN)
def get_attendance(request: ApiRequest, session_id: str) -> Response:
    query = request.query(AttendanceQuery)
    entries = list_attendance(
        session_id,
        sessions=wiring.sessions(),
        courses=wiring.courses(),
        attendance=wiring.attendance(),
        people=wiring.people(),
    )
    if query.format == "csv" or (query.format is None and request.accepts("text/csv")):
        headers: dict[str, str | list[str]] = {
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{session_id}.csv"',
        }
        return Response(_csv_out(entries), headers=headers)
    return Response({"session_id": session_id, "items": [_entry_out(entry) for entry in entries]})


def _entry_out(entry: Entry) -> dict[str, Any]:
    record = entry.record
    return {
        "person_id": record.person_id,
        "name": entry.name,
        "status": record.status.value,
        "first_seen": time_out(record.first_seen),
        "last_seen": None
        if record.first_seen is None
        else time_out(max(record.first_seen, record.last_seen or record.first_seen)),
        "evidence": _evidence_out(record.evidence),
        "review": _evidence_out(record.proposal),
    }


def _evidence_out(evidence: Evidence | None) -> dict[str, Any] | None:
    return None if evidence is None else asdict(evidence)


def _csv_out(entries: Sequence[Entry]) -> str:
    """With a byte order mark, without which spreadsheets misread names."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.DictWriter(text, CSV_COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for entry in entries:
        out = _entry_out(entry)
        evidence = out["evidence"] or {}
        writer.writerow(out | evidence | {"name": _inert(entry.name)})
    return text.getvalue()


def _inert(name: str) -> str:
    """A spreadsheet would run a cell that begins like a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name
