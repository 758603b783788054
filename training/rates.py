"""Error rates of identification with their uncertainty, in the terms of ISO/IEC 19795-1.

FPIR: the part of faces of people not enrolled that are accepted as somebody. FNIR: the part of faces of enrolled people
that are not accepted as themselves. Intervals are by bootstrap over subjects: people, strangers and galleries are drawn
again with replacement, as photos of one person, or answers of one gallery, are not independent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
REPEATS = 1000
LEAST_FALSE_POSITIVES = 10
"""Fewer distinct strangers behind a rate, and it is not supported: its interval would span its own value."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """One rate's raw material. hit: (d, s) how many faces of subject s erred in draw d; seen: (d, s) of how many."""

    hit: Floats
    seen: Floats

    @property
    def rate(self) -> float:
        return float(self.hit.sum() / self.seen.sum())

    @property
    def subjects_hit(self) -> int:
        """How many distinct subjects erred at least once."""
        return int((self.hit.sum(axis=0) > 0).sum())


@dataclass(frozen=True)
class Rate:
    """`interval`: 95 %, by subject-level bootstrap."""

    value: float
    interval: tuple[float, float]


def outcomes(draws: Sequence[tuple[NDArray[np.intp], NDArray[np.bool_]]], subjects: int) -> Outcomes:
    """Of each draw: whose faces (m,), and which of them erred (m,)."""
    hit = [np.bincount(whose[erred], minlength=subjects) for whose, erred in draws]
    seen = [np.bincount(whose, minlength=subjects) for whose, _ in draws]
    return Outcomes(np.array(hit, float), np.array(seen, float))


def rate_of(found: Outcomes, seed: int = 0, repeats: int = REPEATS) -> Rate:
    """The rate over all draws with its interval.

    Where nobody erred, resampling would say that nobody ever does: the upper end is the exact one of so many subjects.
    """
    if not found.hit.any():
        return Rate(0.0, (0.0, unseen_rate(found.hit.shape[1])))
    return Rate(found.rate, bounds_of(found, seed, repeats))


def unseen_rate(subjects: int) -> float:
    """The largest rate at which so many subjects show nothing at all once in forty times."""
    return float(1 - 0.025 ** (1 / subjects))


def bounds_of(found: Outcomes, seed: int, repeats: int) -> tuple[float, float]:
    """95 % of the rates of subjects and galleries drawn again with replacement."""
    return interval_of(lambda rng: _resampled_rate(found, rng), seed, repeats)


def _resampled_rate(found: Outcomes, rng: np.random.Generator) -> float:
    draws, subjects = found.hit.shape
    by_subject = rng.multinomial(subjects, np.full(subjects, 1 / subjects)).astype(float)
    by_draw = rng.multinomial(draws, np.full(draws, 1 / draws)).astype(float)
    seen = by_draw @ found.seen @ by_subject
    return float(by_draw @ found.hit @ by_subject / seen) if seen else 0.0


def threshold_at(scores: Floats, rate: float, total: int) -> float:
    """The least threshold above which at most `rate` of `total` faces lie; those not found are among the total."""
    allowed = int(np.floor(rate * total + 1e-9))
    ordered = np.sort(scores)[::-1]
    return float(ordered[allowed]) if allowed < len(ordered) else -np.inf


def interval_of(
    statistic: Callable[[np.random.Generator], float], seed: int, repeats: int
) -> tuple[float, float]:
    """95 % of a statistic computed on `repeats` resamplings."""
    rng = np.random.default_rng(seed)
    low, high = np.quantile([statistic(rng) for _ in range(repeats)], (0.025, 0.975))
    return float(low), float(high)
