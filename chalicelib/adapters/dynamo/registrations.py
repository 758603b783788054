"""Registrations in DynamoDB, below their person."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import PERSON, REVIEW, PersonRecord, RegistrationRecord
from chalicelib.adapters.dynamo.transactions import Transaction, conditional
from chalicelib.domain.clock import Clock
from chalicelib.domain.duplicates import Likeness
from chalicelib.domain.errors import PersonNotFound, RegistrationNotFound
from chalicelib.domain.registrations import Outcome, Registration, RegistrationState
from chalicelib.services.ports import Page


class ConcludedError(Exception):
    """The registration is not any more in the state in which it was read."""


class _ThereError(Exception):
    """There is a registration with this id already."""


class DynamoRegistrations:
    def __init__(self, clock: Clock, upload_record_days: int) -> None:
        self._clock = clock
        self._unused = timedelta(days=upload_record_days)

    def add(self, registration: Registration) -> Registration:
        record = RegistrationRecord(
            person_id=registration.person_id,
            registration_id=registration.registration_id,
            parts=registration.parts,
            created_at=registration.created_at,
            expires_at=registration.created_at + self._unused,
        )
        person_id, registration_id = registration.person_id, registration.registration_id
        transaction = Transaction()
        missing = PersonNotFound(f"There is no person {person_id}.")
        transaction.check(PersonRecord, (person_id, PERSON), PersonRecord.person_id.exists(), missing)
        transaction.put(record, RegistrationRecord.person_id.does_not_exist(), _ThereError())
        try:
            transaction.commit()
        except _ThereError:
            return self.get(person_id, registration_id)
        return registration

    def get(self, person_id: str, registration_id: str) -> Registration:
        missing = RegistrationNotFound(f"There is no registration {registration_id}, or it has expired.")
        try:
            record = RegistrationRecord.get(person_id, registration_id, consistent_read=True)
        except RegistrationRecord.DoesNotExist as error:
            raise missing from error
        if self._expired(record):
            raise missing
        return _registration(record)

    def of_person(self, person_id: str) -> tuple[Registration, ...]:
        records = RegistrationRecord.query(person_id, consistent_read=True)
        found = (_registration(record) for record in records if not self._expired(record))
        return tuple(sorted(found, key=lambda registration: registration.created_at))

    def awaiting_review(self, limit: int, cursor: str | None) -> Page[Registration]:
        keys = ("review", "created_at", "person_id", "registration_id")
        return read_page(
            RegistrationRecord.awaiting_review.query, REVIEW, _registration, limit, cursor, keys=keys
        )

    def conclude(self, registration: Registration, outcome: Outcome) -> None:
        record = RegistrationRecord(registration.person_id, registration.registration_id)
        try:
            conditional(
                lambda: record.update(actions=concluding(outcome), condition=is_as_read(registration)),
                ConcludedError(),
            )
        except ConcludedError:
            # Concluded before us: that outcome stands.
            return

    def _expired(self, record: RegistrationRecord) -> bool:
        return record.expires_at is not None and record.expires_at < self._clock()


def concluding(outcome: Outcome) -> list[Action]:
    """A concluded registration is kept; only those never uploaded expire. Only those awaiting review are listed so."""
    awaits = outcome.state is RegistrationState.AWAITING_REVIEW
    return [
        RegistrationRecord.state.set(outcome.state.value),
        RegistrationRecord.outcome.set(asdict(outcome)),
        RegistrationRecord.review.set(REVIEW) if awaits else RegistrationRecord.review.remove(),
        RegistrationRecord.expires_at.remove(),
    ]


def is_as_read(registration: Registration) -> Condition:
    condition: Condition = RegistrationRecord.person_id.exists()
    if registration.outcome is None:
        condition &= RegistrationRecord.outcome.does_not_exist()
    else:
        condition &= RegistrationRecord.state == registration.state.value
    return condition


def _registration(record: RegistrationRecord) -> Registration:
    return Registration(
        person_id=record.person_id,
        registration_id=record.registration_id,
        parts=int(record.parts),
        created_at=record.created_at,
        outcome=None if record.outcome is None else _outcome(record.outcome),
    )


def _outcome(stored: Any) -> Outcome:
    read = {
        "state": RegistrationState(stored["state"]),
        "resembles": tuple(Likeness(**each) for each in stored.get("resembles", ())),
    }
    return Outcome(**{**stored, **read})
