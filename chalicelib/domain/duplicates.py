"""Duplicate identities: a face that is to be enrolled under one name and is already there under another."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

MOST_SHOWN = 3
"""A human compares a face with the nearest few; each of them becomes a look-alike if they are different people."""
MOST_LOOKALIKES = 8
"""A withdrawal clears the person from all of them, in one transaction."""


class Decision(StrEnum):
    """What a human says of a registration whose face resembles somebody else's."""

    SAME_PERSON = "same_person"
    TWO_PEOPLE = "two_people"


@dataclass(frozen=True)
class Likeness:
    """How similar somebody who is enrolled, or is to be, is to the face of a registration; higher is closer."""

    person_id: str
    similarity: float
    threshold: float

    @property
    def excess(self) -> float:
        return self.similarity - self.threshold


def duplicates(
    likenesses: Iterable[Likeness], lookalikes: Collection[str], own_similarity: float | None
) -> tuple[Likeness, ...]:
    """Whom a human must compare with, the likest first, each person once.

    Known look-alikes were told apart by a human before: they count only where the new face resembles them no less than
    the template of the person it is said to be (one twin's video among the other's).
    """
    nearest: dict[str, Likeness] = {}
    for each in sorted(likenesses, key=lambda likeness: (-likeness.excess, likeness.person_id)):
        told_apart = (
            each.person_id in lookalikes and own_similarity is not None and each.similarity < own_similarity
        )
        if each.excess >= 0 and not told_apart:
            nearest.setdefault(each.person_id, each)
    return tuple(nearest.values())[:MOST_SHOWN]
