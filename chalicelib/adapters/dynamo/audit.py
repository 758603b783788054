"""The audit log in DynamoDB: items are put once and never touched again; spread over shards of a day."""

import heapq
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from chalicelib.adapters.dynamo.records import AuditRecord
from chalicelib.adapters.dynamo.transactions import conditional
from chalicelib.domain.audit import AuditEntry
from chalicelib.domain.errors import InvalidRequest
from chalicelib.services.ports import Page

SHARDS = 4


class _WrittenError(Exception):
    """It is written already."""


class DynamoAudit:
    def __init__(self, kept_days: int) -> None:
        self._kept = timedelta(days=kept_days)

    def append(self, entry: AuditEntry) -> None:
        shard = zlib.crc32(entry.entry_id.encode()) % SHARDS
        record = AuditRecord(
            f"{entry.day.isoformat()}#{shard}",
            entry.key,
            subject=entry.subject,
            role=entry.role,
            act=entry.act,
            ids=dict(entry.ids),
            status=entry.status,
            expires_at=entry.at + self._kept,
        )
        try:
            conditional(lambda: record.save(condition=AuditRecord.sk.does_not_exist()), _WrittenError())
        except _WrittenError:
            return  # by ourselves, with the reply lost: keys are random

    def of_day(self, day: date) -> Iterator[AuditEntry]:
        return self._after(day, None)

    def any_of_day(self, day: date) -> bool:
        return next(self._after(day, None, limit=1), None) is not None

    def page(self, day: date, limit: int, cursor: str | None) -> Page[AuditEntry]:
        """Cursors are keys of entries."""
        if cursor is not None and not cursor.startswith(f"{day.isoformat()}T"):
            raise InvalidRequest("The cursor is not one that this list gave out.")
        entries = self._after(day, cursor, limit=limit + 1)
        found = [entry for entry, _ in zip(entries, range(limit + 1), strict=False)]
        more = len(found) > limit
        return Page(tuple(found[:limit]), found[limit - 1].key if more else None)

    def _after(self, day: date, key: str | None, limit: int | None = None) -> Iterator[AuditEntry]:
        """By time: each shard is sorted, and they are merged."""
        after = None if key is None else AuditRecord.sk > key
        shards = (
            AuditRecord.query(f"{day.isoformat()}#{shard}", after, consistent_read=True, limit=limit)
            for shard in range(SHARDS)
        )
        return heapq.merge(*(map(_entry, shard) for shard in shards), key=lambda entry: entry.key)


def _entry(record: AuditRecord) -> AuditEntry:
    at, _, entry_id = record.sk.partition("#")
    return AuditEntry(
        entry_id=entry_id,
        at=datetime.fromisoformat(at).astimezone(UTC),
        subject=record.subject,
        role=record.role,
        act=record.act,
        ids=dict(record.ids),
        status=int(record.status),
    )
