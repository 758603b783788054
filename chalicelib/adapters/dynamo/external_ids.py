"""External ids in DynamoDB: an item for each, written in the transaction that gives the id."""

from collections.abc import Mapping

from chalicelib.adapters.dynamo.records import EXTERNAL, CourseExternalIdRecord, PersonExternalIdRecord
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.domain.errors import ExternalIdTaken
from chalicelib.domain.external_ids import ExternalId

Record = type[PersonExternalIdRecord] | type[CourseExternalIdRecord]


def key_of(external_id: ExternalId) -> str:
    """A system's name holds no #, so no two ids share a key."""
    system, value = external_id
    return f"{EXTERNAL}#{system}#{value}"


def claim(
    transaction: Transaction, record: Record, owner: str, before: Mapping[str, str], after: Mapping[str, str]
) -> None:
    """Give back what is no more and take what is new. The commit raises ExternalIdTaken if another has it."""
    for pair in sorted(before.items() - after.items()):
        transaction.delete(record(key_of(pair), EXTERNAL))
    for system, value in sorted(after.items() - before.items()):
        transaction.put(
            record(key_of((system, value)), EXTERNAL, owner=owner),
            record.owner.does_not_exist() | (record.owner == owner),
            ExternalIdTaken(f"The id {value} in {system} belongs to another."),
        )
