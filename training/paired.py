"""Whether one model errs less than another on the same comparisons: the paired bootstrap over subjects.

People and galleries are drawn again with replacement, each with what both models said of them, so that what makes a
person hard for either cancels out. (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 8 and 13;
bounds are the 2.5th and 97.5th percentile.)
"""

from dataclasses import asdict, dataclass
from typing import Any

from training.identification import Judged, missed
from training.rates import REPEATS, Outcomes, bounds_of, outcomes, unseen_rate

DIGITS = 6


@dataclass(frozen=True)
class Difference:
    """Of FNIR, challenger less champion: below nothing is better."""

    value: float
    lower: float
    upper: float
    repeats: int

    def as_json(self) -> dict[str, Any]:
        return {name: round(each, DIGITS) for name, each in asdict(self).items()}


def fnir_difference(champion: Judged, challenger: Judged, repeats: int = REPEATS) -> Difference:
    """Both were shown the same faces, of the same galleries.

    Where nobody fares worse (or better), drawing again would say that nobody ever does: then that bound is wider by the
    rate that so many subjects leave unseen.
    """
    subjects = champion.subjects[0]
    before, after = (outcomes(missed(each), subjects) for each in (champion, challenger))
    if (before.seen != after.seen).any():
        raise ValueError("the two models were not shown the same faces")
    paired = Outcomes(after.hit - before.hit, before.seen)
    value = paired.rate
    lower, upper = bounds_of(paired, seed=0, repeats=repeats)
    by_subject = paired.hit.sum(axis=0)
    unseen = unseen_rate(int((paired.seen.sum(axis=0) > 0).sum()))
    if not (by_subject > 0).any():
        upper = max(upper, value + unseen)
    if not (by_subject < 0).any():
        lower = min(lower, value - unseen)
    return Difference(value, max(lower, -1.0), min(upper, 1.0), repeats)
