"""Add a person: a name for people to read, an opaque id for everything else."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.ids import Kind, new_id
from chalicelib.domain.people import Person
from chalicelib.services.ports import People


def add_person(name: str, *, people: People, clock: Clock) -> Person:
    person = Person(person_id=new_id(Kind.PERSON), name=name, created_at=clock())
    people.add(person)
    return person
