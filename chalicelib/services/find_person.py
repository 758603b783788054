"""Find a person by what another system calls them."""

from chalicelib.domain.external_ids import external_id
from chalicelib.domain.people import Person
from chalicelib.services.ports import People


def find_person(system: str, value: str, *, people: People) -> Person | None:
    """Raises InvalidRequest for what can be no external id."""
    wanted = external_id(system, value)
    owner = people.owners([wanted]).get(wanted)
    return None if owner is None else people.get(owner)
