"""Enrolled people as trials take them: who is enrolled from their earlier registrations and looked for in the later.

The faces looked for are views of registrations, as a school has no labelled frames to learn from; whoever registered
once can be a stranger, or of a cohort, and no more. No registration is on both sides of a comparison.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chalicelib.domain.templates import Occasion
from training.features import Seen
from training.photos import Person
from training.segregate import Member
from training.split import PROBES_FROM
from training.trials import Features


@dataclass(frozen=True, eq=False)
class School:
    """people: with a registration to be looked for in. strangers: the same, and whoever registered once."""

    people: tuple[Person, ...]
    strangers: tuple[Person, ...]
    features: Features


def school_of(members: Iterable[Member]) -> School:
    """The first PROBES_FROM photos of each person are the occasions that enrol, filled up with such as show no face."""
    people: list[Person] = []
    once: list[Person] = []
    features: dict[Path, Seen | None] = {}
    for member in members:
        enrolled, shown = _divided(list(member.registrations.values()))
        blanks = [None] * (PROBES_FROM - len(enrolled))
        seen = [*map(_seen, enrolled), *blanks, *map(_seen, shown)]
        names = [Path(member.person_id, str(number)) for number in range(len(seen))]
        features.update(zip(names, seen, strict=True))
        (people if shown else once).append(Person(member.person_id, tuple(names)))
    return School(tuple(people), (*people, *once), features)


def enrolment_count_of(person: Person, features: Features) -> int:
    """How many occasions enrol the person."""
    return sum(features[photo] is not None for photo in person.photos[:PROBES_FROM])


def _divided(registrations: Sequence[tuple[Occasion, ...]]) -> tuple[list[Occasion], list[Occasion]]:
    """As few of the earlier registrations as enrol fully, never the last one; the rest are looked for."""
    enrolled: list[Occasion] = list(registrations[0])
    used = 1
    while len(enrolled) < PROBES_FROM and used < len(registrations) - 1:
        enrolled += registrations[used]
        used += 1
    return enrolled[:PROBES_FROM], [occasion for each in registrations[used:] for occasion in each]


def _seen(occasion: Occasion) -> Seen:
    """To be looked for by its first view, as a frame shows one; to be enrolled by all."""
    views = np.stack([np.frombuffer(view, "<f4") for view in occasion.embeddings])
    return Seen(embedding=views[0], enrolling=views, quality=1.0, usable=True, seconds=0.0)
