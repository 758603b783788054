"""People and consents in DynamoDB."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from chalicelib.adapters.dynamo.models import bump_cohorts
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import (
    CONSENT,
    ERASURE,
    LEFT,
    PERSON,
    ConsentRecord,
    ErasureRecord,
    LeftRecord,
    PersonRecord,
    TemplateRecord,
)
from chalicelib.adapters.dynamo.templates import shard_of
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.adapters.dynamo.versions import bump_courses_of, bump_person
from chalicelib.domain.errors import Contention, PersonNotFound
from chalicelib.domain.people import Consent, Method, Person, Relation, Signer, Use
from chalicelib.services.ports import Page

ATTEMPTS = 5


class _ThereError(Exception):
    """There is a person with this id already."""


class DynamoPeople:
    def add(self, person: Person) -> Person:
        """A request that is sent again after the person was erased must not bring the name back."""
        transaction = Transaction()
        transaction.check(
            ErasureRecord,
            (person.person_id, ERASURE),
            ErasureRecord.person_id.does_not_exist(),
            PersonNotFound(f"{person.person_id} was erased."),
        )
        transaction.put(
            PersonRecord(person_id=person.person_id, name=person.name, created_at=person.created_at),
            PersonRecord.person_id.does_not_exist(),
            _ThereError(),
        )
        try:
            transaction.commit()
        except _ThereError:
            return self.get(person.person_id)
        return person

    def get(self, person_id: str) -> Person:
        return _person(person_record(person_id))

    def names(self, person_ids: Iterable[str]) -> dict[str, str]:
        keys = [(person_id, PERSON) for person_id in person_ids]
        return {
            record.person_id: record.name for record in PersonRecord.batch_get(keys, consistent_read=True)
        }

    def list(self, limit: int, cursor: str | None) -> Page[Person]:
        keys = ("kind", "created_at", "person_id", "sk")
        return read_page(PersonRecord.by_kind.query, PERSON, _person, limit, cursor, keys=keys)

    def consent(self, person_id: str) -> Consent | None:
        record = self._consent_record(person_id)
        return None if record is None else _consent(record)

    def consents(self, person_id: str) -> tuple[Consent, ...]:
        records = ConsentRecord.query(person_id, ConsentRecord.sk.startswith(CONSENT), consistent_read=True)
        return tuple(sorted(map(_consent, records), key=lambda consent: consent.given_at))

    def courses_left(self, person_id: str) -> tuple[str, ...]:
        records = LeftRecord.query(person_id, LeftRecord.sk.startswith(LEFT), consistent_read=True)
        return tuple(record.sk.removeprefix(LEFT) for record in records)

    def permitting_normalisation(self, person_ids: Sequence[str]) -> frozenset[str]:
        keys = [(person_id, CONSENT) for person_id in person_ids]
        consents = (_consent(record) for record in ConsentRecord.batch_get(keys, consistent_read=True))
        return frozenset(consent.person_id for consent in consents if consent.permits_normalisation)

    def give_consent(self, consent: Consent) -> None:
        record = ConsentRecord(
            person_id=consent.person_id,
            text_version=consent.text_version,
            text_sha256=consent.text_sha256,
            signed_by=consent.signer.name,
            relation=consent.signer.relation.value,
            method=consent.method.value,
            uses={use.value for use in consent.uses},
            given_at=consent.given_at,
        )

        def give(transaction: Transaction, person: PersonRecord) -> None:
            before = self._consent_record(consent.person_id)
            was_normalising = before is not None and _consent(before).permits_normalisation
            if before is not None:
                before.sk = f"{CONSENT}#{before.given_at.isoformat()}"
                transaction.put(before)
            transaction.put(record)
            if not consent.permits_matching:
                delete_templates(transaction, person)
            if was_normalising and not consent.permits_normalisation:
                bump_cohorts(transaction)

        self._change(consent.person_id, give)

    def withdraw_consent(self, person_id: str, at: datetime) -> None:
        def withdraw(transaction: Transaction, person: PersonRecord) -> None:
            before = self._consent_record(person_id)
            first = ConsentRecord.withdrawn_at.set(ConsentRecord.withdrawn_at | at)
            transaction.update(
                ConsentRecord(person_id, CONSENT),
                [first],
                ConsentRecord.person_id.exists(),
                Contention(f"The consent of {person_id} was changed by another writer."),
            )
            delete_templates(transaction, person)
            if before is not None and _consent(before).permits_normalisation:
                bump_cohorts(transaction)

        self._change(person_id, withdraw)

    def delete_templates(self, person_id: str) -> None:
        """An enrolment under way has read another revision: it is written anew from fresh reads, or not at all."""
        with suppress(PersonNotFound):  # erased meanwhile, and the templates with it
            if person_record(person_id).model_ids:
                self._change(person_id, delete_templates)

    def _change(self, person_id: str, add_writes: Callable[[Transaction, PersonRecord], None]) -> None:
        """One transaction with the person's revision and courses; read and sent again when another was first."""
        for attempt in range(1, ATTEMPTS + 1):
            person = person_record(person_id)
            transaction = Transaction()
            bump_person(transaction, person_id, int(person.revision))
            bump_courses_of(transaction, person_id)
            add_writes(transaction, person)
            try:
                transaction.commit()
            except Contention:
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def _consent_record(self, person_id: str) -> ConsentRecord | None:
        try:
            return ConsentRecord.get(person_id, CONSENT, consistent_read=True)
        except ConsentRecord.DoesNotExist:
            return None


def person_record(person_id: str) -> PersonRecord:
    """Read strongly. Raises PersonNotFound, also for somebody who was erased."""
    try:
        return PersonRecord.get(person_id, PERSON, consistent_read=True)
    except PersonRecord.DoesNotExist as error:
        raise PersonNotFound(f"There is no person {person_id}.") from error


def delete_templates(transaction: Transaction, person: PersonRecord) -> None:
    for model_id in person.model_ids or ():
        transaction.delete(TemplateRecord(shard_of(person.person_id, model_id), person.person_id))


def _consent(record: ConsentRecord) -> Consent:
    return Consent(
        person_id=record.person_id,
        text_version=record.text_version,
        text_sha256=record.text_sha256 or "",
        signer=Signer(record.signed_by, Relation(record.relation or Relation.UNSAID)),
        method=Method(record.method or Method.UNSAID),
        uses=tuple(sorted(Use(use) for use in record.uses)),
        given_at=record.given_at,
        withdrawn_at=record.withdrawn_at,
    )


def _person(record: PersonRecord) -> Person:
    return Person(record.person_id, record.name, record.created_at, int(record.revision))
