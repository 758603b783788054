"""People and consents in DynamoDB."""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.candidates import drop_candidates
from chalicelib.adapters.dynamo.external_ids import claim, key_of
from chalicelib.adapters.dynamo.models import bump_cohorts
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import (
    ARCHIVED,
    CONSENT,
    ERASURE,
    EXTERNAL,
    LEFT,
    PERSON,
    ConsentRecord,
    ErasureRecord,
    LeftRecord,
    PersonExternalIdRecord,
    PersonRecord,
    RosterRecord,
    TemplateRecord,
)
from chalicelib.adapters.dynamo.rosters import again_if_raced, change, require_person, rosters_of
from chalicelib.adapters.dynamo.templates import shard_of
from chalicelib.adapters.dynamo.transactions import TakenError, Transaction
from chalicelib.adapters.dynamo.versions import bump_courses_of, bump_person
from chalicelib.domain.errors import Contention, PersonNotFound
from chalicelib.domain.external_ids import ExternalId
from chalicelib.domain.people import Consent, Method, Person, Relation, Signer, Use
from chalicelib.services.ports import Page

ATTEMPTS = 5

AddWrites = Callable[[Transaction, PersonRecord], list[Action]]
"""Answers what else is to change of the person's own item."""


class DynamoPeople:
    def add(self, person: Person) -> Person:
        transaction = Transaction()
        add_person(transaction, person, TakenError())
        try:
            transaction.commit()
        except TakenError:
            return self.get(person.person_id)
        return person

    def get(self, person_id: str) -> Person:
        return _person(require_person(person_id))

    def get_all(self, person_ids: Collection[str]) -> dict[str, Person]:
        keys = [(person_id, PERSON) for person_id in person_ids]
        records = PersonRecord.batch_get(keys, consistent_read=True)
        return {record.person_id: _person(record) for record in records}

    def owners(self, external_ids: Collection[ExternalId]) -> dict[ExternalId, str]:
        keys = {key_of(external_id): external_id for external_id in external_ids}
        records = PersonExternalIdRecord.batch_get([(key, EXTERNAL) for key in keys], consistent_read=True)
        return {keys[record.person_id]: record.owner for record in records}

    def save(self, person: Person, before: Person) -> None:
        transaction = Transaction()
        transaction.update(
            PersonRecord(person.person_id, PERSON),
            [
                PersonRecord.name.set(person.name),
                PersonRecord.external_ids.set(dict(person.external_ids)),
                PersonRecord.revision.add(1),
            ],
            PersonRecord.revision == before.revision,
            Contention(f"{person.person_id} was changed by another writer."),
        )
        claim(transaction, PersonExternalIdRecord, person.person_id, before.external_ids, person.external_ids)
        transaction.commit()

    def archive(self, person_id: str, at: datetime) -> None:
        again_if_raced(lambda: _move(person_id, at))

    def restore(self, person_id: str) -> None:
        again_if_raced(lambda: _move(person_id, None))

    def names(self, person_ids: Iterable[str]) -> dict[str, str]:
        keys = [(person_id, PERSON) for person_id in person_ids]
        return {
            record.person_id: record.name for record in PersonRecord.batch_get(keys, consistent_read=True)
        }

    def list(self, limit: int, cursor: str | None, *, archived: bool = False) -> Page[Person]:
        keys = ("kind", "created_at", "person_id", "sk")
        kind = PERSON + ARCHIVED if archived else PERSON
        return read_page(PersonRecord.by_kind.query, kind, _person, limit, cursor, keys=keys)

    def lookalikes(self, person_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        keys = [(person_id, PERSON) for person_id in person_ids]
        found = (_person(record) for record in PersonRecord.batch_get(keys, consistent_read=True))
        return {person.person_id: person.lookalikes for person in found if person.lookalikes}

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

    def consents_of(self, person_ids: Sequence[str]) -> dict[str, Consent]:
        keys = [(person_id, CONSENT) for person_id in person_ids]
        records = ConsentRecord.batch_get(keys, consistent_read=True)
        return {record.person_id: _consent(record) for record in records}

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

        def give(transaction: Transaction, person: PersonRecord) -> list[Action]:
            before = self._consent_record(consent.person_id)
            was_normalising = before is not None and _consent(before).permits_normalisation
            if before is not None:
                before.sk = f"{CONSENT}#{before.given_at.isoformat()}"
                transaction.put(before)
            transaction.put(record)
            if was_normalising and not consent.permits_normalisation:
                bump_cohorts(transaction)
            return [] if consent.permits_matching else forget_face(transaction, person)

        self._change(consent.person_id, give)

    def withdraw_consent(self, person_id: str, at: datetime) -> None:
        def withdraw(transaction: Transaction, person: PersonRecord) -> list[Action]:
            before = self._consent_record(person_id)
            first = ConsentRecord.withdrawn_at.set(ConsentRecord.withdrawn_at | at)
            transaction.update(
                ConsentRecord(person_id, CONSENT),
                [first],
                ConsentRecord.person_id.exists(),
                Contention(f"The consent of {person_id} was changed by another writer."),
            )
            if before is not None and _consent(before).permits_normalisation:
                bump_cohorts(transaction)
            return forget_face(transaction, person)

        self._change(person_id, withdraw)

    def delete_templates(self, person_id: str) -> None:
        """An enrolment under way has read another revision: it is written anew from fresh reads, or not at all."""
        with suppress(PersonNotFound):  # erased meanwhile, and the templates with it
            if require_person(person_id).model_ids:
                self._change(person_id, forget_face)

    def _change(self, person_id: str, add_writes: AddWrites) -> None:
        """One transaction with the person's revision and courses; read and sent again when another was first."""
        for attempt in range(1, ATTEMPTS + 1):
            person = require_person(person_id)
            transaction = Transaction()
            changes = add_writes(transaction, person)
            bump_person(transaction, person_id, int(person.revision), actions=changes)
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


def add_person(transaction: Transaction, person: Person, taken: Exception) -> None:
    """A new person and whose the external ids are. The commit raises `taken` if there is one under the id.

    A request that is sent again after its person was erased must not bring the name back.
    """
    transaction.check(
        ErasureRecord,
        (person.person_id, ERASURE),
        ErasureRecord.person_id.does_not_exist(),
        PersonNotFound(f"{person.person_id} was erased."),
    )
    transaction.put(
        PersonRecord(
            person_id=person.person_id,
            name=person.name,
            created_at=person.created_at,
            external_ids=dict(person.external_ids),
            course_count=person.course_count,
        ),
        PersonRecord.person_id.does_not_exist(),
        taken,
    )
    claim(transaction, PersonExternalIdRecord, person.person_id, {}, person.external_ids)


def _move(person_id: str, archived_at: datetime | None) -> None:
    """Between being archived and not, with all rosters that name the person, in one transaction."""
    person = require_person(person_id)
    archiving = archived_at is not None
    if (person.archived_at is not None) == archiving:
        return
    transaction = Transaction()
    bump_person(transaction, person_id, int(person.revision), actions=_set_archived(archived_at))
    people, archived = RosterRecord.people, RosterRecord.archived
    source, target = (people, archived) if archiving else (archived, people)
    for roster in rosters_of(person_id):
        actions = [source.delete({person_id}), target.add({person_id})]
        change(transaction, roster.course_id, actions, source.contains(person_id))
    transaction.commit()


def _set_archived(at: datetime | None) -> list[Action]:
    if at is None:
        return [PersonRecord.archived_at.remove(), PersonRecord.kind.set(PERSON)]
    return [PersonRecord.archived_at.set(at), PersonRecord.kind.set(PERSON + ARCHIVED)]


def delete_templates(transaction: Transaction, person: PersonRecord) -> None:
    for model_id in person.model_ids or ():
        transaction.delete(TemplateRecord(shard_of(person.person_id, model_id), person.person_id))


def look_like_nobody(transaction: Transaction, person_id: str, lookalikes: Iterable[str]) -> None:
    for other_id in sorted(lookalikes):
        transaction.update(
            PersonRecord(other_id, PERSON),
            [PersonRecord.lookalikes.delete({person_id})],
            PersonRecord.person_id.exists(),
            Contention(f"{other_id} was deleted by another writer."),
        )


def forget_face(transaction: Transaction, person: PersonRecord) -> list[Action]:
    """Templates, candidates, and whom the person looks like; answers what is to change of the person's own item."""
    delete_templates(transaction, person)
    drop_candidates(transaction, person)
    look_like_nobody(transaction, person.person_id, person.lookalikes or ())
    return [PersonRecord.lookalikes.remove()] if person.lookalikes else []


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
    return Person(
        person_id=record.person_id,
        name=record.name,
        created_at=record.created_at,
        revision=int(record.revision),
        lookalikes=frozenset(record.lookalikes or ()),
        external_ids=record.external_ids or {},
        archived_at=record.archived_at,
        course_count=int(record.course_count),
    )
