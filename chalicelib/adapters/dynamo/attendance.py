"""Attendance records in DynamoDB: one item per (session, person), replaced only by who read its last revision."""

from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from chalicelib.adapters.dynamo.lifetimes import Lifetime
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import (
    ATTENDANCE,
    CONSENT,
    HISTORY,
    ChangeRecord,
    ConsentRecord,
    MarkRecord,
    permits_matching,
)
from chalicelib.adapters.dynamo.transactions import Transaction, conditional
from chalicelib.domain.attendance import AttendanceRecord, Evidence, Mark, Proposal, Source, Status
from chalicelib.domain.errors import ConsentMissing, Contention
from chalicelib.domain.history import Act, Cause, Change
from chalicelib.domain.sightings import Box
from chalicelib.services.ports import Page


class DynamoAttendance:
    """A record and its history end together, counted from the session's start."""

    def __init__(self, lifetime: Lifetime) -> None:
        self._lifetime = lifetime

    def get(self, session_id: str, person_id: str) -> AttendanceRecord:
        try:
            record = MarkRecord.get(session_id, ATTENDANCE + person_id, consistent_read=True)
        except MarkRecord.DoesNotExist:
            return AttendanceRecord(session_id, person_id)
        return attendance_of(record)

    def of_session(self, session_id: str) -> tuple[AttendanceRecord, ...]:
        going_on = self._lifetime.going_on(MarkRecord)
        records = MarkRecord.query(
            session_id, MarkRecord.sk.startswith(ATTENDANCE), going_on, consistent_read=True
        )
        return tuple(attendance_of(record) for record in records)

    def of_person(self, person_id: str, limit: int, cursor: str | None) -> Page[AttendanceRecord]:
        keys = ("person_id", "starts_at", "session_id", "sk")
        return read_page(
            MarkRecord.by_person.query,
            person_id,
            attendance_of,
            limit,
            cursor,
            keys=keys,
            filter_=self._lifetime.going_on(MarkRecord),
        )

    def history(self, session_id: str, person_id: str) -> tuple[Change, ...]:
        prefix = ChangeRecord.sk.startswith(f"{HISTORY}{person_id}#")
        going_on = self._lifetime.going_on(ChangeRecord)
        lines = ChangeRecord.query(session_id, prefix, going_on, consistent_read=True)
        return tuple(_change(line) for line in lines)

    def save(self, record: AttendanceRecord, *, needs_consent: bool, change: Change | None = None) -> None:
        mark = _mark(record)
        mark.kept_until = kept_until = self._lifetime.end(record.starts_at)
        unchanged = (
            MarkRecord.revision == record.revision
            if record.revision
            else MarkRecord.session_id.does_not_exist()
        )
        raced = Contention(f"The record of {record.person_id} was changed by another writer.")
        if not needs_consent and change is None:
            return conditional(lambda: mark.save(condition=unchanged), raced)
        transaction = Transaction()
        if needs_consent:
            transaction.check(
                ConsentRecord,
                (record.person_id, CONSENT),
                permits_matching(),
                ConsentMissing(f"{record.person_id} has no active consent."),
            )
        transaction.put(mark, unchanged, raced)
        if change is not None:
            line = _line(record, change)
            line.kept_until = kept_until
            transaction.put(line)
        try:
            return transaction.commit()
        except Contention:
            # The try before may have been ours, with the reply lost: then its line of the history is ours as well.
            if change is None or not self._is_written(record, change):
                raise

    def _is_written(self, record: AttendanceRecord, change: Change) -> bool:
        with suppress(ChangeRecord.DoesNotExist):
            line = ChangeRecord.get(record.session_id, _line(record, change).sk, consistent_read=True)
            return _change(line) == change
        return False


def _mark(record: AttendanceRecord) -> MarkRecord:
    return MarkRecord(
        session_id=record.session_id,
        sk=ATTENDANCE + record.person_id,
        person_id=record.person_id,
        starts_at=record.starts_at,
        late_after=record.late_after,
        first_seen=record.first_seen,
        last_seen=record.last_seen,
        evidence=None if record.evidence is None else asdict(record.evidence),
        proposals=[_stored(proposal) for proposal in record.proposals] or None,
        rejected=None if record.rejected is None else asdict(record.rejected),
        checked_in_at=record.checked_in_at,
        mark=None if record.mark is None else _stored(record.mark),
        closed_at=record.closed_at,
        watched=None if record.closed_at is None else record.watched,
        refused_claim=None if record.refused_claim is None else asdict(record.refused_claim),
        contested_frames=set(record.contested_frames) or None,
        revision=record.revision + 1,
    )


def attendance_of(record: MarkRecord) -> AttendanceRecord:
    """A record closed before sessions were watched is of one whose cameras were taken on trust."""
    return AttendanceRecord(
        session_id=record.session_id,
        person_id=record.sk.removeprefix(ATTENDANCE),
        starts_at=record.starts_at,
        late_after=record.late_after,
        first_seen=record.first_seen,
        last_seen=record.last_seen,
        evidence=_evidence(record.evidence),
        proposals=tuple(_proposal(stored) for stored in record.proposals or ()),
        rejected=_evidence(record.rejected),
        checked_in_at=record.checked_in_at,
        mark=None if record.mark is None else _decided(record.mark),
        closed_at=record.closed_at,
        watched=record.closed_at is not None if record.watched is None else record.watched,
        refused_claim=_evidence(record.refused_claim),
        contested_frames=frozenset(record.contested_frames or ()),
        revision=int(record.revision),
    )


def _line(record: AttendanceRecord, change: Change) -> ChangeRecord:
    """Sorted by revision: eight digits are more than a record will ever have."""
    cause = change.cause
    return ChangeRecord(
        session_id=record.session_id,
        sk=f"{HISTORY}{record.person_id}#{change.revision:08}",
        act=cause.act.value,
        at=cause.at,
        by=cause.by,
        reason=cause.reason,
        frame_id=cause.frame_id,
        before=change.before.value,
        after=change.after.value,
    )


def _change(line: ChangeRecord) -> Change:
    cause = Cause(Act(line.act), line.at, by=line.by, reason=line.reason, frame_id=line.frame_id)
    return Change(int(line.sk.rpartition("#")[2]), cause, Status(line.before), Status(line.after))


def _stored(fact: Proposal | Mark) -> dict[str, Any]:
    facts = asdict(fact)
    return {key: each.isoformat() if isinstance(each, datetime) else each for key, each in facts.items()}


def _proposal(stored: Any) -> Proposal:
    return Proposal(_told(stored["evidence"]), _moment(stored["seen_at"]))


def _decided(stored: Any) -> Mark:
    return Mark(
        by=stored["by"],
        at=_moment(stored["at"]),
        status=None if stored["status"] is None else Status(stored["status"]),
        reason=stored["reason"],
        evidence=_evidence(stored["evidence"]),
        seen_at=None if stored["seen_at"] is None else _moment(stored["seen_at"]),
    )


def _moment(stored: str) -> datetime:
    return datetime.fromisoformat(stored).astimezone(UTC)


def _evidence(stored: Any) -> Evidence | None:
    return None if stored is None else _told(stored)


def _told(stored: Any) -> Evidence:
    """Evidence stored before sightings had a confidence has none."""
    read = {"box": Box(**stored["box"]), "source": Source(stored.get("source", Source.SIGHTING))}
    return Evidence(**{"confidence": 0.0, **stored, **read})
