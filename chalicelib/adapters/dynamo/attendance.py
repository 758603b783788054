"""Attendance records in DynamoDB: one item per (session, person), replaced only by who read its last revision."""

from dataclasses import asdict
from typing import Any

from chalicelib.adapters.dynamo.records import (
    ATTENDANCE,
    CONSENT,
    ConsentRecord,
    MarkRecord,
    permits_matching,
)
from chalicelib.adapters.dynamo.transactions import Transaction, conditional
from chalicelib.domain.attendance import AttendanceRecord, Evidence
from chalicelib.domain.errors import ConsentMissing, Contention
from chalicelib.domain.sightings import Box


class DynamoAttendance:
    def get(self, session_id: str, person_id: str) -> AttendanceRecord:
        try:
            record = MarkRecord.get(session_id, ATTENDANCE + person_id, consistent_read=True)
        except MarkRecord.DoesNotExist:
            return AttendanceRecord(session_id, person_id)
        return attendance_of(record)

    def of_session(self, session_id: str) -> tuple[AttendanceRecord, ...]:
        records = MarkRecord.query(session_id, MarkRecord.sk.startswith(ATTENDANCE), consistent_read=True)
        return tuple(attendance_of(record) for record in records)

    def save(self, record: AttendanceRecord, *, needs_consent: bool) -> None:
        mark = _mark(record)
        unchanged = (
            MarkRecord.revision == record.revision
            if record.revision
            else MarkRecord.session_id.does_not_exist()
        )
        raced = Contention(f"The record of {record.person_id} was changed by another writer.")
        if not needs_consent:
            return conditional(lambda: mark.save(condition=unchanged), raced)
        transaction = Transaction()
        transaction.check(
            ConsentRecord,
            (record.person_id, CONSENT),
            permits_matching(),
            ConsentMissing(f"{record.person_id} has no active consent."),
        )
        transaction.put(mark, unchanged, raced)
        return transaction.commit()


def _mark(record: AttendanceRecord) -> MarkRecord:
    return MarkRecord(
        session_id=record.session_id,
        sk=ATTENDANCE + record.person_id,
        first_seen=record.first_seen,
        last_seen=record.last_seen,
        evidence=None if record.evidence is None else asdict(record.evidence),
        proposal=None if record.proposal is None else asdict(record.proposal),
        closed_at=record.closed_at,
        revision=record.revision + 1,
    )


def attendance_of(record: MarkRecord) -> AttendanceRecord:
    return AttendanceRecord(
        session_id=record.session_id,
        person_id=record.sk.removeprefix(ATTENDANCE),
        first_seen=record.first_seen,
        last_seen=record.last_seen,
        evidence=_evidence(record.evidence),
        proposal=_evidence(record.proposal),
        closed_at=record.closed_at,
        revision=int(record.revision),
    )


def _evidence(stored: Any) -> Evidence | None:
    return None if stored is None else Evidence(**{"confidence": 0.0, **stored, "box": Box(**stored["box"])})
