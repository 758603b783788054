"""Templates in DynamoDB: one item per (person, model), spread over 16 shards of the model."""

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from chalicelib.adapters.dynamo.candidates import (
    candidate_key,
    count_candidates,
    read_candidate,
    shard_of_candidates,
)
from chalicelib.adapters.dynamo.models import require_biometrics
from chalicelib.adapters.dynamo.records import (
    CONSENT,
    PERSON,
    REQUEST,
    ConsentRecord,
    PersonRecord,
    RegistrationRecord,
    RetrainingRequestRecord,
    TemplateRecord,
    permits_matching,
)
from chalicelib.adapters.dynamo.registrations import ConcludedError, concluding, is_as_read
from chalicelib.adapters.dynamo.transactions import TakenError, Transaction
from chalicelib.adapters.dynamo.versions import bump_courses_of, bump_person
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import ConsentMissing, LimitReached
from chalicelib.domain.registrations import Outcome, Registration
from chalicelib.domain.retraining import Cause
from chalicelib.domain.templates import Candidate, Occasion, Template

SHARDS = 16
MOST_CANDIDATES = 5  # of a person: a withdrawal deletes all of them in one transaction of 100 writes at most


def shard_of(person_id: str, model_id: str) -> str:
    return f"{model_id}#{zlib.crc32(person_id.encode()) % SHARDS}"


class DynamoTemplates:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def get(self, person_id: str, model_id: str) -> Template | None:
        try:
            record = TemplateRecord.get(shard_of(person_id, model_id), person_id, consistent_read=True)
        except TemplateRecord.DoesNotExist:
            return None
        return _template(record)

    def of_people(self, person_ids: Sequence[str], model_id: str) -> tuple[Template, ...]:
        """In the order of the people; BatchGets of 100, whose unprocessed keys PynamoDB asks for again."""
        keys = [(shard_of(person_id, model_id), person_id) for person_id in person_ids]
        found = {
            record.person_id: _template(record)
            for record in TemplateRecord.batch_get(keys, consistent_read=True)
        }
        return tuple(found[person_id] for person_id in person_ids if person_id in found)

    def of_person(self, person_id: str) -> tuple[Template, ...]:
        try:
            person = PersonRecord.get(person_id, PERSON, consistent_read=True)
        except PersonRecord.DoesNotExist:
            return ()
        found = (self.get(person_id, model_id) for model_id in sorted(person.model_ids or ()))
        return tuple(template for template in found if template is not None)

    def in_shards(self, model_id: str) -> Iterator[tuple[Template, ...]]:
        for shard in range(SHARDS):
            records = TemplateRecord.query(f"{model_id}#{shard}", consistent_read=True)
            yield tuple(_template(record) for record in records)

    def candidate(self, registration: Registration) -> Template | None:
        outcome = registration.outcome
        if outcome is None or outcome.model_id is None:
            return None
        record = read_candidate(outcome.model_id, registration.person_id, registration.registration_id)
        return None if record is None else _candidate(record).template

    def candidates(self, model_id: str) -> tuple[Candidate, ...]:
        records = TemplateRecord.query(shard_of_candidates(model_id), consistent_read=True)
        return tuple(_candidate(record) for record in records)

    def hold(self, candidate: Template, registration: Registration, outcome: Outcome, revision: int) -> None:
        person_id, model_id = candidate.person_id, candidate.model_id
        if count_candidates(model_id, person_id) >= MOST_CANDIDATES:
            raise LimitReached(f"{MOST_CANDIDATES} registrations of {person_id} are waiting already.")
        transaction = Transaction()
        _check_consent(transaction, person_id)
        require_biometrics(transaction)
        _delete_candidate(transaction, registration)  # one of a model that is not in service any more
        key = candidate_key(model_id, person_id, registration.registration_id)
        transaction.put(TemplateRecord(key.model_shard, key.person_id, occasions=_occasions(candidate)))
        _conclude(transaction, registration, outcome)
        bump_person(transaction, person_id, revision, model_id)
        _commit_once(transaction)

    def enrol(
        self,
        template: Template,
        registration: Registration,
        outcome: Outcome,
        revision: int,
        lookalikes: Mapping[str, int],
    ) -> None:
        person_id = template.person_id
        transaction = Transaction()
        _check_consent(transaction, person_id)
        require_biometrics(transaction)
        _delete_candidate(transaction, registration)
        transaction.put(_record(template))
        _conclude(transaction, registration, outcome)
        for other_id, other_revision in lookalikes.items():
            _check_consent(transaction, other_id)
            _look_alike(transaction, other_id, other_revision, {person_id})
        others = [PersonRecord.lookalikes.add(set(lookalikes))] if lookalikes else []
        bump_person(transaction, person_id, revision, actions=others)
        bump_courses_of(transaction, person_id)
        transaction.put(
            RetrainingRequestRecord(
                f"{REQUEST}#{registration.registration_id}",
                kind=REQUEST,
                created_at=self._clock(),
                cause=Cause.REGISTRATION.value,
            )
        )
        _commit_once(transaction)

    def add(self, template: Template, revision: int) -> None:
        transaction = Transaction()
        _check_consent(transaction, template.person_id)
        require_biometrics(transaction)
        transaction.put(_record(template), TemplateRecord.person_id.does_not_exist(), TakenError())
        bump_person(transaction, template.person_id, revision, template.model_id)
        bump_courses_of(transaction, template.person_id)
        with suppress(TakenError):
            transaction.commit()

    def discard(self, registration: Registration, outcome: Outcome) -> None:
        transaction = Transaction()
        _delete_candidate(transaction, registration)
        _conclude(transaction, registration, outcome)
        _commit_once(transaction)


def _commit_once(transaction: Transaction) -> None:
    """What was concluded before us stands, with what was written with it."""
    with suppress(ConcludedError):
        transaction.commit()


def _check_consent(transaction: Transaction, person_id: str) -> None:
    transaction.check(
        ConsentRecord,
        (person_id, CONSENT),
        permits_matching(),
        ConsentMissing(f"{person_id} has no active consent."),
    )


def _conclude(transaction: Transaction, registration: Registration, outcome: Outcome) -> None:
    transaction.update(
        RegistrationRecord(registration.person_id, registration.registration_id),
        concluding(outcome),
        is_as_read(registration),
        ConcludedError(),
    )


def _delete_candidate(transaction: Transaction, registration: Registration) -> None:
    held = registration.outcome
    if held is not None and held.model_id is not None:
        key = candidate_key(held.model_id, registration.person_id, registration.registration_id)
        transaction.delete(key, TemplateRecord.person_id.exists(), ConcludedError())


def _look_alike(transaction: Transaction, person_id: str, revision: int, others: set[str]) -> None:
    bump_person(transaction, person_id, revision, actions=[PersonRecord.lookalikes.add(others)])


def _record(template: Template) -> TemplateRecord:
    return TemplateRecord(
        model_shard=shard_of(template.person_id, template.model_id),
        person_id=template.person_id,
        occasions=_occasions(template),
    )


def _occasions(template: Template) -> list[dict[str, Any]]:
    return [
        {
            "registration_id": occasion.registration_id,
            "embeddings": [base64.b64encode(embedding).decode() for embedding in occasion.embeddings],
        }
        for occasion in template.occasions
    ]


def _candidate(record: TemplateRecord) -> Candidate:
    person_id, _, registration_id = record.person_id.rpartition("#")
    return Candidate(registration_id, replace(_template(record), person_id=person_id))


def _template(record: TemplateRecord) -> Template:
    occasions = tuple(
        Occasion(stored["registration_id"], tuple(base64.b64decode(text) for text in stored["embeddings"]))
        for stored in record.occasions
    )
    return Template(record.person_id, record.model_shard.rpartition("#")[0], occasions)
