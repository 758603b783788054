"""Ways of scoring a face against a roster: what is shipped, and its alternatives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.normalisation import normalised, reference_rivalry
from chalicelib.vision.thresholds import Rivals
from training.thresholds import RIVALS

Rows = NDArray[np.float32]
AS_NORM_NEAREST = 50


@dataclass(frozen=True, eq=False)
class Roster:
    """photos: of each person enrolled, (k, d). references: (n, d) their averages. cohort: (c, d)."""

    photos: Sequence[Rows]
    references: Rows
    cohort: Rows


Scorer = Callable[[Roster, Rows], Rows]
"""(m, n) scores of a roster's n people and (m, d) faces."""


def plain(roster: Roster, faces: Rows) -> Rows:
    return faces @ roster.references.T


def best_photo(roster: Roster, faces: Rows) -> Rows:
    """The most similar photo of each person, instead of their average."""
    return np.stack([(faces @ photos.T).max(axis=1) for photos in roster.photos], axis=1)


def as_norm(roster: Roster, faces: Rows) -> Rows:
    """Adaptive symmetric normalisation with standard deviations, against the cohort (Matějka et al., 2017)."""
    similarities = faces @ roster.references.T
    of_reference = np.sort(roster.references @ roster.cohort.T, axis=1)[:, -AS_NORM_NEAREST:]
    of_face = np.sort(faces @ roster.cohort.T, axis=1)[:, -AS_NORM_NEAREST:]
    by_reference = (similarities - of_reference.mean(axis=1)) / of_reference.std(axis=1)
    by_face = (similarities - of_face.mean(axis=1)[:, None]) / of_face.std(axis=1)[:, None]
    scores: Rows = (by_reference + by_face) / 2
    return scores


def against(rivals: Rivals, *, cohort: bool = True) -> Scorer:
    """As the service does it; without a cohort only the rest of the roster is a rival."""

    def scorer(roster: Roster, faces: Rows) -> Rows:
        others = roster.cohort[: rivals.cohort] if cohort else roster.cohort[:0]
        rivalry = reference_rivalry(roster.references, others, rivals.nearest)
        return normalised(faces @ roster.references.T, faces @ others.T, rivalry, rivals)

    return scorer


def scorers() -> Mapping[str, Scorer]:
    """By what the table calls them; the last group are the neighbours of what is shipped."""
    return {
        "similarity to the average photo": plain,
        "similarity to the best photo": best_photo,
        "AS-norm, cohort, 50 nearest": as_norm,
        "rivals, rest of the roster only": against(RIVALS, cohort=False),
        "rivals, roster and cohort (shipped)": against(RIVALS),
        **{f"rivals, {n} nearest": against(replace(RIVALS, nearest=n)) for n in (1, 5, 20)},
        **{
            f"rivals, weights {reference} and {face}": against(
                replace(RIVALS, of_reference=reference, of_face=face)
            )
            for reference, face in ((0.0, 0.5), (0.3, 0.3), (0.4, 0.4), (0.5, 0.5))
        },
        **{f"rivals, cohort of {size}": against(replace(RIVALS, cohort=size)) for size in (50, 100)},
    }
