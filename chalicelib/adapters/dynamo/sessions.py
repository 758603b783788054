"""Sessions in DynamoDB, beside their attendance; due work is found by hour buckets of a sparse index."""

from datetime import UTC, datetime, timedelta

from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import SESSION, SessionRecord
from chalicelib.adapters.dynamo.transactions import add_once, conditional
from chalicelib.domain.errors import Contention, SessionNotFound
from chalicelib.domain.sessions import Session, SessionState
from chalicelib.services.ports import Page


class DynamoSessions:
    def __init__(self, lookback_hours: int) -> None:
        self._lookback_hours = lookback_hours

    def add(self, session: Session) -> Session:
        absent = SessionRecord.session_id.does_not_exist()
        return add_once(_record(session).save, absent, lambda: self.get(session.session_id), session)

    def get(self, session_id: str) -> Session:
        try:
            return _session(SessionRecord.get(session_id, SESSION, consistent_read=True))
        except SessionRecord.DoesNotExist as error:
            raise SessionNotFound(f"There is no session {session_id}.") from error

    def save(self, session: Session) -> None:
        record = _record(session)
        record.revision = session.revision + 1
        conditional(
            lambda: record.save(condition=SessionRecord.revision == session.revision),
            Contention(f"The session {session.session_id} was changed by another writer."),
        )

    def of_course(self, course_id: str, limit: int, cursor: str | None) -> Page[Session]:
        keys = ("course_id", "opens_at", "session_id", "sk")
        return read_page(SessionRecord.by_course.query, course_id, _session, limit, cursor, keys=keys)

    def due(self, now: datetime) -> tuple[str, ...]:
        """Sessions whose moment has come, also those that an outage of the tick left behind."""
        hours = (now - timedelta(hours=back) for back in range(self._lookback_hours + 1))
        return tuple(
            record.session_id
            for hour in hours
            for record in SessionRecord.due.query(_bucket(hour), SessionRecord.due_at <= now)
        )


def _bucket(moment: datetime) -> str:
    return f"session#{moment.astimezone(UTC):%Y-%m-%dT%H}"


def _record(session: Session) -> SessionRecord:
    due_at = session.due_at
    return SessionRecord(
        session_id=session.session_id,
        course_id=session.course_id,
        opens_at=session.opens_at,
        closes_at=session.closes_at,
        state=session.state.value,
        revision=session.revision,
        due_bucket=None if due_at is None else _bucket(due_at),
        due_at=due_at,
    )


def _session(record: SessionRecord) -> Session:
    return Session(
        session_id=record.session_id,
        course_id=record.course_id,
        opens_at=record.opens_at,
        closes_at=record.closes_at,
        state=SessionState(record.state),
        revision=int(record.revision),
    )
