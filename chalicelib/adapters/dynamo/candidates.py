"""Candidate templates in DynamoDB: in one shard of their model beside the sixteen that galleries are made from."""

from pynamodb.exceptions import DoesNotExist

from chalicelib.adapters.dynamo.records import PersonRecord, RegistrationRecord, TemplateRecord
from chalicelib.adapters.dynamo.registrations import concluding
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.domain.errors import Contention
from chalicelib.domain.registrations import without_consent

PENDING = "pending"


def shard_of_candidates(model_id: str) -> str:
    return f"{model_id}#{PENDING}"


def candidate_key(model_id: str, person_id: str, registration_id: str) -> TemplateRecord:
    return TemplateRecord(shard_of_candidates(model_id), f"{person_id}#{registration_id}")


def read_candidate(model_id: str, person_id: str, registration_id: str) -> TemplateRecord | None:
    key = candidate_key(model_id, person_id, registration_id)
    try:
        return TemplateRecord.get(key.model_shard, key.person_id, consistent_read=True)
    except DoesNotExist:
        return None


def count_candidates(model_id: str, person_id: str) -> int:
    return len(_of_person(model_id, person_id))


def drop_candidates(transaction: Transaction, person: PersonRecord) -> None:
    """Of all models, with the registrations that they belong to: without consent nothing of them is kept."""
    for model_id in person.model_ids or ():
        for record in _of_person(model_id, person.person_id):
            transaction.delete(TemplateRecord(record.model_shard, record.person_id))
            registration_id = record.person_id.rpartition("#")[2]
            transaction.update(
                RegistrationRecord(person.person_id, registration_id),
                concluding(without_consent()),
                RegistrationRecord.person_id.exists(),
                Contention(f"{registration_id} was deleted by another writer."),
            )


def _of_person(model_id: str, person_id: str) -> list[TemplateRecord]:
    own = TemplateRecord.person_id.startswith(f"{person_id}#")
    return list(TemplateRecord.query(shard_of_candidates(model_id), own, consistent_read=True))
