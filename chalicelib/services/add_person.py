"""Add a person: a name for people to read, an opaque id for everything else."""

from collections.abc import Mapping

from chalicelib.domain.clock import Clock
from chalicelib.domain.external_ids import with_changes
from chalicelib.domain.ids import Kind, NewId, fresh_id
from chalicelib.domain.names import tidy_name
from chalicelib.domain.people import Person
from chalicelib.services.ports import People


def add_person(
    name: str,
    *,
    people: People,
    clock: Clock,
    external_ids: Mapping[str, str | None] | None = None,
    new_id: NewId = fresh_id,
) -> Person:
    """Raises InvalidRequest, ExternalIdTaken."""
    person = Person(
        person_id=new_id(Kind.PERSON),
        name=tidy_name(name),
        created_at=clock(),
        external_ids=with_changes({}, external_ids or {}),
    )
    return people.add(person)
