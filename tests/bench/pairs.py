"""Whether speed was bought with accuracy: the same pairs of photographs for us and for face_recognition.

A photo in which no face is found makes its pairs non-matches. Each photo is embedded once, by its largest face.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pair = tuple[Path, Path]
Scores = NDArray[np.float64]
"""(n,) higher is closer; -inf where a face was not found."""

FALSE_ACCEPT_RATES = (0.01, 0.001)
_SUPPORT = 10  # false accepts that must stand behind a rate before it says much


@dataclass(frozen=True)
class Pairs:
    same: tuple[Pair, ...]
    different: tuple[Pair, ...]

    def photos(self) -> list[Path]:
        return sorted({photo for pair in (*self.same, *self.different) for photo in pair})


def draw_pairs(people: Path, count: int, seed: int) -> Pairs:
    """`count` pairs of each kind, none twice; `people` holds a folder of photos for each person."""
    rng = random.Random(seed)
    photos = [sorted(folder.glob("*.jpg")) for folder in sorted(people.iterdir()) if folder.is_dir()]
    several = [each for each in photos if len(each) > 1]
    same: set[Pair] = set()
    while len(same) < count:
        first, second = sorted(rng.sample(rng.choice(several), 2))
        same.add((first, second))
    different: set[Pair] = set()
    while len(different) < count:
        one, other = rng.sample(photos, 2)
        different.add((rng.choice(one), rng.choice(other)))
    return Pairs(tuple(sorted(same)), tuple(sorted(different)))


def scores(pairs: Sequence[Pair], embedding_of: Mapping[Path, list[float] | None]) -> Scores:
    """The negative distance of each pair: for embeddings of unit norm it ranks as their cosine does."""
    return np.array([_score(embedding_of[one], embedding_of[other]) for one, other in pairs])


def operating_points(same: Scores, different: Scores) -> list[dict[str, Any]]:
    """The true accept rate where the share of `different` that is accepted just does not exceed each rate."""
    points = []
    for rate in FALSE_ACCEPT_RATES:
        accepted_same, false_accepts = accepted(same, different, rate)
        points.append(
            {
                "far": rate,
                "false_accepts": false_accepts,
                "supported": false_accepts >= _SUPPORT,
                "tar": float(accepted_same.mean()),
            }
        )
    return points


def accepted(same: Scores, different: Scores, rate: float) -> tuple[NDArray[np.bool_], int]:
    """Which of `same` are accepted at that false accept rate, and how many of `different` are."""
    threshold = np.sort(different)[::-1][int(rate * len(different))]
    return same > threshold, int((different > threshold).sum())


def compare(
    pairs: Pairs, embeddings_by_label: Mapping[str, Mapping[Path, list[float] | None]]
) -> dict[str, Any]:
    """Each contestant's figures; at the first rate also how many same pairs only the first, or only they, accept."""
    scored = {
        label: (scores(pairs.same, each), scores(pairs.different, each))
        for label, each in embeddings_by_label.items()
    }
    first, *_ = (accepted(*each, FALSE_ACCEPT_RATES[0])[0] for each in scored.values())
    results = []
    for label, (same, different) in scored.items():
        theirs = accepted(same, different, FALSE_ACCEPT_RATES[0])[0]
        results.append(
            {
                "who": label,
                "photos_missed": sum(each is None for each in embeddings_by_label[label].values()),
                "operating_points": operating_points(same, different),
                "only_ours": int((first & ~theirs).sum()),
                "only_theirs": int((theirs & ~first).sum()),
            }
        )
    counts = {"same": len(pairs.same), "different": len(pairs.different), "photos": len(pairs.photos())}
    return counts | {"results": results}


def _score(one: list[float] | None, other: list[float] | None) -> float:
    return -float(np.linalg.norm(np.subtract(one, other))) if one and other else -np.inf
