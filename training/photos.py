"""Photographs of people for evaluation and calibration: a folder per person, and who may not be in two sets at once."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


class WrongSets(ValueError):
    """The folders cannot be evaluated: they hold nobody, or one identity stands in two of them."""


@dataclass(frozen=True)
class Person:
    """A folder's name, composed (NFC), and its photos by name: the first ones enrol."""

    name: str
    photos: tuple[Path, ...]


def spelled(name: str) -> str:
    """As a Person's: some machines write Zoë in four characters, others in three."""
    return unicodedata.normalize("NFC", name)


def people_in(folder: Path, least_photos: int = 1) -> tuple[Person, ...]:
    """The people of a folder who have at least so many photos, by name; folders of one name, however it is spelled, are
    of one person. Raises WrongSets if there are none.
    """
    if not folder.is_dir():
        raise WrongSets(f"{folder} is no folder.")
    photos_by_name: dict[str, list[Path]] = {}
    for home in folder.iterdir():
        if home.is_dir():
            photos = (path for path in home.iterdir() if path.suffix.lower() in SUFFIXES)
            photos_by_name.setdefault(spelled(home.name), []).extend(photos)
    people = tuple(
        Person(name, tuple(sorted(photos)))
        for name, photos in sorted(photos_by_name.items())
        if len(photos) >= least_photos
    )
    if not people:
        raise WrongSets(
            f"{folder} holds no person with {least_photos} photo(s) or more: a folder per person is expected."
        )
    return people


def require_distinct(sets: Mapping[str, Iterable[Person]]) -> None:
    """No identity stands in two sets, neither by name nor by a photo's bytes. Raises WrongSets."""
    set_by_name: dict[str, str] = {}
    set_by_photo: dict[str, tuple[str, Path]] = {}
    for label, people in sets.items():
        for person in people:
            other = set_by_name.setdefault(person.name.casefold(), label)
            if other != label:
                raise WrongSets(f"{person.name} is among both {other} and {label}.")
            for photo in person.photos:
                sha256 = hashlib.sha256(photo.read_bytes()).hexdigest()
                elsewhere, path = set_by_photo.setdefault(sha256, (label, photo))
                if elsewhere != label:
                    raise WrongSets(f"{photo} ({label}) and {path} ({elsewhere}) are the same picture.")
