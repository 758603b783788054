"""Made-up people: photos that are nowhere, and the embeddings that a net might have given of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.thresholds import Confidence, Curve, Levels, Promise, Rivals, Thresholds
from training.features import Seen
from training.photos import Person

DIMENSION = 128  # the pack's
VARIED = 32
"""In how many of them people differ: the fewer, the more do strangers resemble somebody."""


@dataclass(frozen=True, eq=False)
class Crowd:
    people: tuple[Person, ...]
    features: dict[Path, Seen | None]


def crowd(prefix: str, number: int, photos: int, seed: int, noise: float = 0.7) -> Crowd:
    """Each person a direction of their own, each photo some noise away from it."""
    rng = np.random.default_rng(seed)
    people, features = [], {}
    for each in range(number):
        name = f"{prefix}-{each:04}"
        own = _direction(rng)
        paths = tuple(Path(name, f"{photo}.jpg") for photo in range(photos))
        features.update({path: seen(own + noise * _direction(rng)) for path in paths})
        people.append(Person(name, paths))
    return Crowd(tuple(people), dict(features))


def person(name: str, *photos: Seen | None) -> Crowd:
    paths = tuple(Path(name, f"{number}.jpg") for number in range(len(photos)))
    return Crowd((Person(name, paths),), dict(zip(paths, photos, strict=True)))


def together(*crowds: Crowd) -> Crowd:
    features: dict[Path, Seen | None] = {}
    for each in crowds:
        features |= each.features
    return Crowd(tuple(one for each in crowds for one in each.people), features)


def seen(vector: NDArray[np.floating], quality: float = 1.0) -> Seen:
    unit = np.asarray(vector / np.linalg.norm(vector), np.float32)
    return Seen(unit, unit, quality, quality >= 0.5, 0.01)


def axis(number: int) -> NDArray[np.float64]:
    return np.eye(DIMENSION)[number]


def like(target: int, similarity: float, aside: int) -> Seen:
    """A face of this similarity to one axis; what is left points along another."""
    return seen(similarity * axis(target) + np.sqrt(1 - similarity**2) * axis(aside))


def thresholds(accept: float = 0.8, margin: float = 0.05, rivals: Rivals | None = None) -> Thresholds:
    """A little higher with each photo, and with each doubling of the roster."""
    levels = Levels(
        accept={n: Curve(accept + 0.01 * (n - 1), accept + 0.01 * (n + 1)) for n in (1, 2, 3)},
        review={1: Curve(accept - 0.2, accept - 0.2)},
        claim={1: accept},
        margin=margin,
        confidence=Confidence(1.0, 20.0, 0.1),
    )
    promise = Promise(0.01, 0.05, 1e-4)
    return Thresholds(promise, levels, None if rivals is None else levels, rivals, provisional=False)


def _direction(rng: np.random.Generator) -> NDArray[np.float64]:
    drawn = np.zeros(DIMENSION)
    drawn[:VARIED] = rng.normal(size=VARIED)
    return drawn / np.linalg.norm(drawn)
