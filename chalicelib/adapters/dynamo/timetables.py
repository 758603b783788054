"""Timetables in DynamoDB, beside their courses, with pointers to the sessions that were planned from them."""

from datetime import date, datetime, time
from typing import Any

from chalicelib.adapters.dynamo.lifetimes import Lifetime
from chalicelib.adapters.dynamo.records import (
    PLANNED,
    TIMETABLE,
    PlannedRecord,
    SessionRecord,
    TimetableRecord,
)
from chalicelib.adapters.dynamo.sessions import session_record
from chalicelib.adapters.dynamo.transactions import Transaction, conditional
from chalicelib.domain.errors import Contention
from chalicelib.domain.sessions import Session
from chalicelib.domain.timetable import Slot, Timetable


class _PlannedError(Exception):
    """The session is there already."""


class _ChangedError(Exception):
    """The timetable is another by now."""


class DynamoTimetables:
    def __init__(self, of_sessions: Lifetime) -> None:
        self._of_sessions = of_sessions

    def get(self, course_id: str) -> Timetable | None:
        try:
            return _timetable(TimetableRecord.get(course_id, TIMETABLE, consistent_read=True))
        except TimetableRecord.DoesNotExist:
            return None

    def put(self, timetable: Timetable, due_at: datetime) -> None:
        record = _record(timetable, due_at)
        unchanged = (
            TimetableRecord.revision == timetable.revision - 1
            if timetable.revision > 1
            else TimetableRecord.course_id.does_not_exist()
        )
        conditional(lambda: record.save(condition=unchanged), _changed(timetable.course_id))

    def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        due = TimetableRecord.due.query(TIMETABLE, TimetableRecord.due_at <= now, limit=limit)
        return tuple(record.course_id for record in due)

    def planned(self, course_id: str, first: date) -> dict[str, date]:
        from_ = PlannedRecord.sk.between(f"{PLANNED}{first.isoformat()}", f"{PLANNED}~")
        return {
            record.session_id: date.fromisoformat(record.sk.split("#")[1])
            for record in PlannedRecord.query(course_id, from_, consistent_read=True)
        }

    def plan(self, timetable: Timetable, day: date, session: Session, *, new: bool) -> None:
        record = session_record(session, self._of_sessions)
        record.revision = 0 if new else session.revision + 1
        transaction = Transaction()
        transaction.check(
            TimetableRecord,
            (timetable.course_id, TIMETABLE),
            TimetableRecord.revision == timetable.revision,
            _changed(timetable.course_id),
        )
        if new:
            transaction.put(record, SessionRecord.session_id.does_not_exist(), _PlannedError())
        else:
            raced = Contention(f"The session {session.session_id} was changed by another writer.")
            transaction.put(record, SessionRecord.revision == session.revision, raced)
        sk = f"{PLANNED}{day.isoformat()}#{session.session_id}"
        transaction.put(PlannedRecord(timetable.course_id, sk, session_id=session.session_id))
        try:
            transaction.commit()
        except _PlannedError:  # by an overlapping tick, from the same timetable
            return

    def put_off(self, timetable: Timetable, due_at: datetime | None) -> None:
        actions: list[Any] = [TimetableRecord.due_kind.remove(), TimetableRecord.due_at.remove()]
        if due_at is not None:
            actions = [TimetableRecord.due_kind.set(TIMETABLE), TimetableRecord.due_at.set(due_at)]
        record = TimetableRecord(timetable.course_id, TIMETABLE)
        unchanged = TimetableRecord.revision == timetable.revision
        try:
            conditional(lambda: record.update(actions=actions, condition=unchanged), _ChangedError())
        except _ChangedError:  # the new one is due by itself
            return


def _changed(course_id: str) -> Contention:
    return Contention(f"The timetable of {course_id} was changed by another writer.")


def _record(timetable: Timetable, due_at: datetime) -> TimetableRecord:
    slots = [
        {
            "weekday": slot.weekday,
            "starts": slot.starts.isoformat(),
            "ends": slot.ends.isoformat(),
            "room": slot.room,
        }
        for slot in timetable.slots
    ]
    return TimetableRecord(
        timetable.course_id,
        slots=slots,
        first_date=timetable.first_date.isoformat(),
        last_date=timetable.last_date.isoformat(),
        excepted={day.isoformat() for day in timetable.excepted} or None,
        revision=timetable.revision,
        due_kind=TIMETABLE,
        due_at=due_at,
    )


def _timetable(record: TimetableRecord) -> Timetable:
    return Timetable(
        course_id=record.course_id,
        slots=tuple(
            Slot(
                stored["weekday"],
                time.fromisoformat(stored["starts"]),
                time.fromisoformat(stored["ends"]),
                stored["room"],
            )
            for stored in record.slots
        ),
        first_date=date.fromisoformat(record.first_date),
        last_date=date.fromisoformat(record.last_date),
        excepted=frozenset(date.fromisoformat(day) for day in record.excepted or ()),
        revision=int(record.revision),
    )
