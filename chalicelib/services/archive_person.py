"""Archive a person: off all rosters at once, so the next frame does not match them; history stays."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.people import Person
from chalicelib.services.ports import People


def archive_person(person_id: str, *, people: People, clock: Clock) -> Person:
    """Archiving again changes nothing. Raises PersonNotFound, Contention."""
    people.archive(person_id, clock())
    return people.get(person_id)


def restore_person(person_id: str, *, people: People) -> Person:
    """Back on every roster that the person was on. Raises PersonNotFound, Contention."""
    people.restore(person_id)
    return people.get(person_id)
