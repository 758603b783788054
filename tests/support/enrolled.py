"""A deployment in which three people are enrolled, to begin anew from: enrolling them takes longer than most tests."""

import itertools
from dataclasses import dataclass
from typing import Any

from tests.support.world import World

NAMES = ("Ada", "Ben", "Cem")


@dataclass
class Enrolled:
    world: World
    items: dict[str, list[Any]]
    people: dict[str, str]

    @classmethod
    def of(cls, world: World) -> "Enrolled":
        for name in NAMES:
            world.add_person(name)
            world.enrol(name)
        return cls(world, world.dump(), dict(world.people))

    def again(self) -> World:
        """Just enrolled; adapters and settings are kept, for making them takes longer than most tests."""
        self.world.begin_anew()
        self.world.restore(self.items)
        self.world.people = dict(self.people)
        self.world.numbers = itertools.count(1000)
        return self.world
