"""Sessions in DynamoDB, beside their attendance; due work is found by hour buckets of a sparse index."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pynamodb.expressions.condition import Condition

from chalicelib.adapters.dynamo.lifetimes import Lifetime
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import SESSION, WATCH, SessionRecord, WatchRecord
from chalicelib.adapters.dynamo.transactions import Transaction, add_once, conditional
from chalicelib.domain.errors import Contention, SessionNotFound
from chalicelib.domain.sessions import Confirmation, Flag, Session, SessionState, Watch
from chalicelib.services.ports import Page


class _WatchedError(Exception):
    """A camera of the session has been noted already."""


class DynamoSessions:
    def __init__(self, lookback_hours: int, lifetime: Lifetime) -> None:
        self._lookback_hours = lookback_hours
        self._lifetime = lifetime

    def add(self, session: Session) -> Session:
        absent = SessionRecord.session_id.does_not_exist()
        record = session_record(session, self._lifetime)
        return add_once(record.save, absent, lambda: self.get(session.session_id), session)

    def get(self, session_id: str) -> Session:
        missing = SessionNotFound(f"There is no session {session_id}.")
        try:
            record = SessionRecord.get(session_id, SESSION, consistent_read=True)
        except SessionRecord.DoesNotExist as error:
            raise missing from error
        if self._lifetime.is_over(record):
            raise missing
        return _session(record)

    def of_ids(self, session_ids: tuple[str, ...]) -> tuple[Session, ...]:
        keys = [(session_id, SESSION) for session_id in session_ids]
        records = SessionRecord.batch_get(keys, consistent_read=True)
        return tuple(_session(record) for record in records if not self._lifetime.is_over(record))

    def save(self, session: Session, *, unless_watched: bool = False) -> None:
        record = session_record(session, self._lifetime)
        record.revision = session.revision + 1
        unchanged = SessionRecord.revision == session.revision
        raced = Contention(f"The session {session.session_id} was changed by another writer.")
        if not unless_watched:
            return conditional(lambda: record.save(condition=unchanged), raced)
        transaction = Transaction()
        unwatched = WatchRecord.session_id.does_not_exist()
        transaction.check(WatchRecord, (session.session_id, WATCH), unwatched, raced)
        transaction.put(record, unchanged, raced)
        return transaction.commit()

    def of_course(
        self,
        course_id: str,
        limit: int,
        cursor: str | None,
        *,
        opens_from: datetime | None = None,
        opens_until: datetime | None = None,
    ) -> Page[Session]:
        keys = ("course_id", "opens_at", "session_id", "sk")
        return read_page(
            SessionRecord.by_course.query,
            course_id,
            _session,
            limit,
            cursor,
            keys=keys,
            range_=_opening(opens_from, opens_until),
            filter_=self._lifetime.going_on(SessionRecord),
        )

    def flagged(self, course_id: str, limit: int, cursor: str | None) -> Page[Session]:
        keys = ("flagged_course_id", "opens_at", "session_id", "sk")
        return read_page(
            SessionRecord.by_flag.query,
            course_id,
            _session,
            limit,
            cursor,
            keys=keys,
            filter_=self._lifetime.going_on(SessionRecord),
        )

    def unfinished(self, course_id: str, now: datetime) -> Session | None:
        """One that was to open days ago has ended, or the tick has been out for as long as it looks back."""
        since = SessionRecord.opens_at >= now - timedelta(hours=self._lookback_hours)
        sessions = (_session(record) for record in SessionRecord.by_course.query(course_id, since))
        return next((session for session in sessions if session.due_at is not None), None)

    def due(self, now: datetime) -> tuple[str, ...]:
        """Sessions whose moment has come, also those that an outage of the tick left behind."""
        hours = (now - timedelta(hours=back) for back in range(self._lookback_hours + 1))
        return tuple(
            record.session_id
            for hour in hours
            for record in SessionRecord.due.query(_bucket(hour), SessionRecord.due_at <= now)
        )

    def watch(self, session_id: str) -> Watch:
        try:
            settled = WatchRecord.get(session_id, WATCH, consistent_read=True).settled
        except WatchRecord.DoesNotExist:
            return Watch.NOBODY
        return Watch.SETTLED if settled else Watch.STARTED

    def start_watch(self, session_id: str) -> None:
        watch = WatchRecord(session_id, kept_until=self._lifetime.of_now())
        first = WatchRecord.session_id.does_not_exist()
        with suppress(_WatchedError):
            conditional(lambda: watch.save(condition=first), _WatchedError())

    def settle_watch(self, session_id: str) -> None:
        WatchRecord(session_id, WATCH).update(actions=[WatchRecord.settled.set(True)])


def _opening(from_: datetime | None, until: datetime | None) -> Condition | None:
    """Both bounds belong to the range."""
    opens_at = SessionRecord.opens_at
    if from_ is not None and until is not None:
        return opens_at.between(from_, until)
    if from_ is not None:
        return opens_at >= from_
    return None if until is None else opens_at <= until


def _bucket(moment: datetime) -> str:
    return f"session#{moment.astimezone(UTC):%Y-%m-%dT%H}"


def session_record(session: Session, lifetime: Lifetime) -> SessionRecord:
    due_at = session.due_at
    return SessionRecord(
        session_id=session.session_id,
        course_id=session.course_id,
        opens_at=session.opens_at,
        closes_at=session.closes_at,
        state=session.state.value,
        starts_at=session.starts_at,
        late_after=session.late_after,
        room=session.room,
        confirmation=session.confirmation.value,
        flagged=None if session.flagged is None else session.flagged.value,
        cancelled_by_hand=session.cancelled_by_hand or None,
        flagged_course_id=None if session.flagged is None else session.course_id,
        revision=session.revision,
        kept_until=lifetime.end(session.starts_at),
        due_bucket=None if due_at is None else _bucket(due_at),
        due_at=due_at,
    )


def _session(record: SessionRecord) -> Session:
    """In a session stored before lateness was told, nobody is late."""
    return Session(
        session_id=record.session_id,
        course_id=record.course_id,
        opens_at=record.opens_at,
        closes_at=record.closes_at,
        state=SessionState(record.state),
        starts_at=record.starts_at or record.opens_at,
        late_after=record.late_after or record.closes_at,
        room=record.room,
        confirmation=Confirmation(record.confirmation or Confirmation.AUTO),
        flagged=None if record.flagged is None else Flag(record.flagged),
        cancelled_by_hand=bool(record.cancelled_by_hand),
        revision=int(record.revision),
    )
