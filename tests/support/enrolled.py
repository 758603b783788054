"""A deployment in which three people are enrolled, to begin anew from: enrolling them takes longer than most tests."""

import itertools
from dataclasses import dataclass
from typing import Any

from chalicelib import wiring
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
        """Just enrolled; settings are read anew."""
        self.world.begin_anew()
        wiring.reset()
        self.world.restore(self.items)
        self.world.people = dict(self.people)
        self.world.numbers = itertools.count(1000)
        return self.world
