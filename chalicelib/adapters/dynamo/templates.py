"""Templates in DynamoDB: one item per (person, model), spread over 16 shards of the model."""

import base64
import zlib
from collections.abc import Iterator, Sequence

from chalicelib.adapters.dynamo.models import require_biometrics
from chalicelib.adapters.dynamo.records import (
    CONSENT,
    PERSON,
    ConsentRecord,
    PersonRecord,
    RegistrationRecord,
    TemplateRecord,
    permits_matching,
)
from chalicelib.adapters.dynamo.registrations import ConcludedError, concluding, is_open
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.adapters.dynamo.versions import bump_courses_of, bump_person
from chalicelib.domain.errors import ConsentMissing
from chalicelib.domain.registrations import Outcome, Registration
from chalicelib.domain.templates import Occasion, Template

SHARDS = 16


def shard_of(person_id: str, model_id: str) -> str:
    return f"{model_id}#{zlib.crc32(person_id.encode()) % SHARDS}"


class DynamoTemplates:
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

    def enrol(self, template: Template, registration: Registration, outcome: Outcome, revision: int) -> None:
        person_id = template.person_id
        transaction = Transaction()
        transaction.check(
            ConsentRecord,
            (person_id, CONSENT),
            permits_matching(),
            ConsentMissing(f"{person_id} has no active consent."),
        )
        require_biometrics(transaction)
        transaction.put(_record(template))
        transaction.update(
            RegistrationRecord(person_id, registration.registration_id),
            concluding(outcome),
            is_open(),
            ConcludedError(),
        )
        bump_person(transaction, person_id, revision, template.model_id)
        bump_courses_of(transaction, person_id)
        try:
            transaction.commit()
        except ConcludedError:  # its template was written with it
            return


def _record(template: Template) -> TemplateRecord:
    occasions = [
        {
            "registration_id": occasion.registration_id,
            "embeddings": [base64.b64encode(embedding).decode() for embedding in occasion.embeddings],
        }
        for occasion in template.occasions
    ]
    return TemplateRecord(
        model_shard=shard_of(template.person_id, template.model_id),
        person_id=template.person_id,
        occasions=occasions,
    )


def _template(record: TemplateRecord) -> Template:
    occasions = tuple(
        Occasion(stored["registration_id"], tuple(base64.b64decode(text) for text in stored["embeddings"]))
        for stored in record.occasions
    )
    return Template(record.person_id, record.model_shard.rpartition("#")[0], occasions)
