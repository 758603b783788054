"""Erasures in DynamoDB. The first transaction puts a tombstone in the person's place; the rest can be repeated."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.external_ids import claim
from chalicelib.adapters.dynamo.models import bump_cohorts
from chalicelib.adapters.dynamo.people import delete_templates, look_like_nobody
from chalicelib.adapters.dynamo.records import (
    CONSENT,
    ERASURE,
    FORGET,
    LEFT,
    MEMBERSHIP,
    PERSON,
    REQUEST,
    ConsentRecord,
    ErasureRecord,
    ForgottenRecord,
    PersonExternalIdRecord,
    PersonItem,
    PersonRecord,
)
from chalicelib.adapters.dynamo.rosters import require_person
from chalicelib.adapters.dynamo.transactions import Transaction, conditional
from chalicelib.adapters.dynamo.versions import bump_course
from chalicelib.domain.erasure import Erasure, Held
from chalicelib.domain.errors import Contention, PersonNotFound
from chalicelib.domain.retraining import Cause
from chalicelib.domain.signing import Signature, Signed

ATTEMPTS = 8
DUE = "erasure"
CUT_OFF_AFTER = timedelta(minutes=1)  # whoever began it is not at it any more


class _BegunError(Exception):
    """The erasure was begun already."""


class _DoneError(Exception):
    """What was to be written stands already."""


class DynamoErasures:
    def begin(self, person_id: str, by: str, now: datetime) -> Erasure:
        for _ in range(ATTEMPTS):
            if (begun := self.get(person_id)) is not None:
                return begun
            with suppress(Contention, _BegunError):
                self._end(require_person(person_id), by, now)
        if (begun := self.get(person_id)) is not None:
            return begun
        raise Contention(f"{person_id} was being changed by others.")

    def reinstate(self, erasure: Erasure) -> None:
        record = ErasureRecord(
            person_id=erasure.person_id,
            requested_by=erasure.requested_by,
            requested_at=erasure.requested_at,
            course_ids=set(erasure.course_ids) or None,
            model_ids=set(erasure.model_ids) or None,
            counts={},
            due_kind=DUE,
            due_at=erasure.requested_at + CUT_OFF_AFTER,
        )
        with suppress(_BegunError):
            conditional(
                lambda: record.save(condition=ErasureRecord.person_id.does_not_exist()), _BegunError()
            )

    def get(self, person_id: str) -> Erasure | None:
        try:
            return _erasure(ErasureRecord.get(person_id, ERASURE, consistent_read=True))
        except ErasureRecord.DoesNotExist:
            return None

    def due(self, now: datetime) -> tuple[str, ...]:
        return tuple(record.person_id for record in ErasureRecord.due.query(DUE, ErasureRecord.due_at <= now))

    def note(self, person_id: str, held: Held, count: int) -> None:
        for _ in range(ATTEMPTS):
            stored = self._stored(person_id)
            counts = stored.counts or {}
            if held in counts or stored.receipt is not None:
                return None
            before, after = _stored_counts(counts), _stored_counts({**counts, held: count})
            with suppress(_DoneError):
                return self._update(
                    person_id, [ErasureRecord.counts.set(after)], ErasureRecord.counts == before
                )
        raise Contention(f"The erasure of {person_id} was being noted by others.")

    def conclude(self, erasure: Erasure, receipt: Signed, sweep_at: datetime) -> Erasure:
        stored = {"document": dict(receipt.document), "signature": asdict(receipt.signature)}
        actions: list[Action] = [ErasureRecord.receipt.set(stored), ErasureRecord.due_at.set(sweep_at)]
        with suppress(_DoneError):
            self._update(erasure.person_id, actions, ErasureRecord.receipt.does_not_exist())
        return self._stored(erasure.person_id)

    def settle(self, erasure: Erasure) -> None:
        actions: list[Action] = [
            ErasureRecord.swept.set(True),
            ErasureRecord.due_kind.remove(),
            ErasureRecord.due_at.remove(),
        ]
        self._update(erasure.person_id, actions, ErasureRecord.receipt.exists())

    def ask_for_rebuild(self, person_id: str, now: datetime) -> None:
        record = ForgottenRecord(
            id=f"{FORGET}#{person_id}",
            kind=REQUEST,
            created_at=now,
            cause=Cause.ERASURE.value,
            asked_at=now,
        )
        with suppress(_DoneError):  # asked already, and perhaps answered since
            conditional(lambda: record.save(condition=ForgottenRecord.id.does_not_exist()), _DoneError())

    def _end(self, person: PersonRecord, by: str, now: datetime) -> None:
        """Courses and templates are those of the revision that was read."""
        person_id = person.person_id
        items = tuple(PersonItem.query(person_id, consistent_read=True))
        consents = [item for item in items if item.sk.partition("#")[0] == CONSENT]
        courses = _courses(items, MEMBERSHIP)
        transaction = Transaction()
        changed = Contention(f"{person_id} was changed by another writer.")
        transaction.delete(person, PersonRecord.revision == int(person.revision), changed)
        transaction.delete(ConsentRecord(person_id, CONSENT))
        delete_templates(transaction, person)
        look_like_nobody(transaction, person_id, _still_there(person.lookalikes or ()))
        claim(transaction, PersonExternalIdRecord, person_id, person.external_ids or {}, {})
        record = ErasureRecord(
            person_id=person_id,
            requested_by=by,
            requested_at=now,
            course_ids={*courses, *_courses(items, LEFT)} or None,
            model_ids=set(person.model_ids or ()) or None,
            counts=_stored_counts(
                {Held.TEMPLATES: len(person.model_ids or ()), Held.CONSENTS: len(consents)}
            ),
            due_kind=DUE,
            due_at=now + CUT_OFF_AFTER,
        )
        transaction.put(record, ErasureRecord.person_id.does_not_exist(), _BegunError())
        for course_id in courses:
            bump_course(transaction, course_id)
        bump_cohorts(transaction)
        transaction.commit()

    def _stored(self, person_id: str) -> Erasure:
        stored = self.get(person_id)
        if stored is None:
            raise PersonNotFound(f"{person_id} was not erased.")
        return stored

    def _update(self, person_id: str, actions: list[Action], condition: Any) -> None:
        record = ErasureRecord(person_id, ERASURE)
        conditional(lambda: record.update(actions=actions, condition=condition), _DoneError())


def _still_there(person_ids: Iterable[str]) -> list[str]:
    """A restored table may name as look-alikes people who were erased since."""
    keys = [(person_id, PERSON) for person_id in person_ids]
    return [record.person_id for record in PersonRecord.batch_get(keys, consistent_read=True)]


def _courses(items: Sequence[PersonItem], prefix: str) -> list[str]:
    return [item.sk.removeprefix(prefix) for item in items if item.sk.startswith(prefix)]


def _stored_counts(counts: Mapping[Held, int] | None) -> dict[str, int]:
    return {held.value: count for held, count in sorted((counts or {}).items())}


def _erasure(record: ErasureRecord) -> Erasure:
    stored = record.receipt
    return Erasure(
        person_id=record.person_id,
        requested_by=record.requested_by,
        requested_at=record.requested_at,
        course_ids=tuple(sorted(record.course_ids or ())),
        model_ids=tuple(sorted(record.model_ids or ())),
        counts={Held(name): int(count) for name, count in (record.counts or {}).items()},
        receipt=None if stored is None else Signed(stored["document"], Signature(**stored["signature"])),
        swept=bool(record.swept),
    )
