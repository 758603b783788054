"""Find a person by what another system calls them."""

from chalicelib.domain.errors import PersonNotFound
from chalicelib.domain.external_ids import external_id
from chalicelib.domain.people import Person
from chalicelib.services.ports import People


def find_person(system: str, value: str, *, people: People) -> Person:
    """Raises InvalidRequest, PersonNotFound."""
    wanted = external_id(system, value)
    owner = people.owners([wanted]).get(wanted)
    if owner is None:
        raise PersonNotFound("There is no person with this external id.")
    return people.get(owner)
