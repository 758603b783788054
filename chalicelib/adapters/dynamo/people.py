"""People and consents in DynamoDB."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.candidates import drop_candidates
from chalicelib.adapters.dynamo.models import bump_cohorts
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import CONSENT, PERSON, ConsentRecord, PersonRecord, TemplateRecord
from chalicelib.adapters.dynamo.templates import shard_of
from chalicelib.adapters.dynamo.transactions import Transaction, add_once
from chalicelib.adapters.dynamo.versions import bump_courses_of, bump_person
from chalicelib.domain.errors import Contention, PersonNotFound
from chalicelib.domain.people import Consent, Person, Use
from chalicelib.services.ports import Page

ATTEMPTS = 5

AddWrites = Callable[[Transaction, PersonRecord], list[Action]]
"""Answers what else is to change of the person's own item."""


class DynamoPeople:
    def add(self, person: Person) -> Person:
        record = PersonRecord(person_id=person.person_id, name=person.name, created_at=person.created_at)
        return add_once(
            record.save, PersonRecord.person_id.does_not_exist(), lambda: self.get(person.person_id), person
        )

    def get(self, person_id: str) -> Person:
        return _person(self._record(person_id))

    def names(self, person_ids: Iterable[str]) -> dict[str, str]:
        keys = [(person_id, PERSON) for person_id in person_ids]
        return {
            record.person_id: record.name for record in PersonRecord.batch_get(keys, consistent_read=True)
        }

    def list(self, limit: int, cursor: str | None) -> Page[Person]:
        keys = ("kind", "created_at", "person_id", "sk")
        return read_page(PersonRecord.by_kind.query, PERSON, _person, limit, cursor, keys=keys)

    def lookalikes(self, person_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        keys = [(person_id, PERSON) for person_id in person_ids]
        found = (_person(record) for record in PersonRecord.batch_get(keys, consistent_read=True))
        return {person.person_id: person.lookalikes for person in found if person.lookalikes}

    def consent(self, person_id: str) -> Consent | None:
        record = self._consent_record(person_id)
        return None if record is None else _consent(record)

    def permitting_normalisation(self, person_ids: Sequence[str]) -> frozenset[str]:
        keys = [(person_id, CONSENT) for person_id in person_ids]
        consents = (_consent(record) for record in ConsentRecord.batch_get(keys, consistent_read=True))
        return frozenset(consent.person_id for consent in consents if consent.permits_normalisation)

    def give_consent(self, consent: Consent) -> None:
        record = ConsentRecord(
            person_id=consent.person_id,
            text_version=consent.text_version,
            signed_by=consent.signed_by,
            uses={use.value for use in consent.uses},
            given_at=consent.given_at,
        )

        def give(transaction: Transaction, person: PersonRecord) -> list[Action]:
            before = self._consent_record(consent.person_id)
            if before is not None:
                before.sk = f"{CONSENT}#{before.given_at.isoformat()}"
                transaction.put(before)
            transaction.put(record)
            if not consent.permits_normalisation:
                bump_cohorts(transaction)
            return [] if consent.permits_matching else _forget_face(transaction, person)

        self._change(consent.person_id, give)

    def withdraw_consent(self, person_id: str, at: datetime) -> None:
        def withdraw(transaction: Transaction, person: PersonRecord) -> list[Action]:
            first = ConsentRecord.withdrawn_at.set(ConsentRecord.withdrawn_at | at)
            transaction.update(
                ConsentRecord(person_id, CONSENT),
                [first],
                ConsentRecord.person_id.exists(),
                Contention(f"The consent of {person_id} was changed by another writer."),
            )
            bump_cohorts(transaction)
            return _forget_face(transaction, person)

        self._change(person_id, withdraw)

    def _change(self, person_id: str, add_writes: AddWrites) -> None:
        """One transaction with the person's revision and courses; read and sent again when another was first."""
        for attempt in range(1, ATTEMPTS + 1):
            person = self._record(person_id)
            transaction = Transaction()
            changes = add_writes(transaction, person)
            bump_person(transaction, person_id, int(person.revision), *changes)
            bump_courses_of(transaction, person_id)
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

    def _record(self, person_id: str) -> PersonRecord:
        try:
            return PersonRecord.get(person_id, PERSON, consistent_read=True)
        except PersonRecord.DoesNotExist as error:
            raise PersonNotFound(f"There is no person {person_id}.") from error


def _forget_face(transaction: Transaction, person: PersonRecord) -> list[Action]:
    """Templates, candidates, and whom the person looks like; answers what is to change of the person's own item."""
    for model_id in person.model_ids or ():
        transaction.delete(TemplateRecord(shard_of(person.person_id, model_id), person.person_id))
    drop_candidates(transaction, person)
    for other_id in sorted(person.lookalikes or ()):
        transaction.update(
            PersonRecord(other_id, PERSON),
            [PersonRecord.lookalikes.delete({person.person_id})],
            PersonRecord.person_id.exists(),
            Contention(f"{other_id} was deleted by another writer."),
        )
    return [PersonRecord.lookalikes.remove()] if person.lookalikes else []


def _consent(record: ConsentRecord) -> Consent:
    return Consent(
        person_id=record.person_id,
        text_version=record.text_version,
        signed_by=record.signed_by,
        uses=tuple(sorted(Use(use) for use in record.uses)),
        given_at=record.given_at,
        withdrawn_at=record.withdrawn_at,
    )


def _person(record: PersonRecord) -> Person:
    return Person(
        person_id=record.person_id,
        name=record.name,
        created_at=record.created_at,
        revision=int(record.revision),
        lookalikes=frozenset(record.lookalikes or ()),
    )
