"""Update a person's name and external ids."""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain.errors import PreconditionFailed
from chalicelib.domain.external_ids import with_changes
from chalicelib.domain.names import tidy_name
from chalicelib.domain.people import Person
from chalicelib.services.ports import People


def update_person(
    person_id: str,
    *,
    name: str | None,
    external_ids: Mapping[str, str | None],
    revision: int | None,
    people: People,
) -> Person:
    """What is None stays; an external id of None is taken away. `revision`: the one that the caller has seen, if any.

    Raises PersonNotFound, PreconditionFailed, InvalidRequest, ExternalIdTaken, Contention.
    """
    before = people.get(person_id)
    if revision not in (None, before.revision):
        raise PreconditionFailed(f"{person_id} is at revision {before.revision} by now, not at {revision}.")
    person = replace(
        before,
        name=before.name if name is None else tidy_name(name),
        external_ids=with_changes(before.external_ids, external_ids),
    )
    if person == before:
        return before
    people.save(person, before)
    return people.get(person_id)
