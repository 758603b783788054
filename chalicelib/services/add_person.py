"""Add a person: a name for people to read, an opaque id for everything else."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.ids import Kind, NewId, fresh_id
from chalicelib.domain.people import Person
from chalicelib.services.ports import People


def add_person(name: str, *, people: People, clock: Clock, new_id: NewId = fresh_id) -> Person:
    person = Person(person_id=new_id(Kind.PERSON), name=name, created_at=clock())
    return people.add(person)
