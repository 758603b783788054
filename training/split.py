"""Divide a folder of people for calibration and test, once and for ever.

    python -m training.split --faces DIR --into build/faces

A person's half follows from the sha256 of the name alone. In each half, people with four photos or more are enrolled
and looked for, those with two or three are the cohort, those with one are strangers. Written as links:
`{calibration,test}/{people,cohort,strangers}/<name>`.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.commands import REFUSALS, WRONG_CALL, say
from training.photos import Person, WrongSets, people_in

CALIBRATION, TEST = "calibration", "test"
PROBES_FROM = 3
"""The first three photos of a person enrol, the rest are looked at."""


@dataclass(frozen=True)
class Sets:
    """One half: who is enrolled, who is only compared with, who is not enrolled."""

    people: tuple[Person, ...]
    cohort: tuple[Person, ...]
    strangers: tuple[Person, ...]


def half_of(name: str, seed: int | None = None) -> str:
    """The person's half; other seeds divide anew, to see how much a figure owes to the division."""
    salted = name if seed is None else f"{seed}:{name}"
    return CALIBRATION if hashlib.sha256(salted.encode(errors="surrogateescape")).digest()[0] < 128 else TEST


def sets_of(people: Iterable[Person], half: str, seed: int | None = None) -> Sets:
    mine = [person for person in people if half_of(person.name, seed) == half]
    return Sets(
        people=tuple(person for person in mine if len(person.photos) > PROBES_FROM),
        cohort=tuple(person for person in mine if 1 < len(person.photos) <= PROBES_FROM),
        strangers=tuple(person for person in mine if len(person.photos) == 1),
    )


def write_split(faces: Path, into: Path) -> dict[str, int]:
    """The number of people in each folder written. Links written before go; anything else there raises WrongSets."""
    people = people_in(faces)
    _clear(into, faces)
    counts = {}
    for half in (CALIBRATION, TEST):
        for kind, members in vars(sets_of(people, half)).items():
            folder = into / half / kind
            folder.mkdir(parents=True, exist_ok=True)
            for home in {photo.parent for person in members for photo in person.photos}:
                (folder / home.name).symlink_to(home.resolve(), target_is_directory=True)
            counts[f"{half}/{kind}"] = len(members)
    return counts


def _clear(into: Path, faces: Path) -> None:
    kinds = ("people", "cohort", "strangers")
    halves = [into / half for half in (CALIBRATION, TEST)]
    folders = [half / kind for half in halves for kind in kinds]
    for folder in (into, *halves, *folders):
        if folder.exists() and not folder.is_dir():
            raise WrongSets(f"{folder} is no folder: choose another place.")
    if faces.resolve() in [folder.resolve() for folder in folders]:
        raise WrongSets(f"{faces} is what this command wrote: it would take away what it divides.")
    links = [path for folder in folders for path in folder.glob("*")]
    for path in links:
        if path.parent.is_symlink() or not path.is_symlink():
            raise WrongSets(f"{path} is no link that this command wrote: choose another folder.")
    for path in links:
        path.unlink()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.split", description=__doc__.partition("\n")[0])
    parser.add_argument("--faces", type=Path, required=True, help="a folder per person")
    parser.add_argument("--into", type=Path, default=Path("build/faces"), help="default: %(default)s")
    given = parser.parse_args(arguments)
    try:
        counts = write_split(given.faces, given.into)
    except REFUSALS as error:
        say(str(error))
        return WRONG_CALL
    for folder, count in counts.items():
        print(f"{given.into}/{folder}: {count} people")
    return 0


if __name__ == "__main__":
    sys.exit(main())
