"""Drift: whether what a model sees in service is still what it saw at first, and what its test had led to expect.

Frames are tallied by course, day and model: numbers alone, that name nobody. How far scores lie above the threshold is
compared by the population stability index, the sum over bins of (seen - expected)·ln(seen / expected). Its rule of
thumb is credit scoring's: below 0.1 nothing has changed, above 0.25 much has (Lewis, "An Introduction to Credit
Scoring", 1994; Siddiqi, "Credit Risk Scorecards", 2006). By chance alone it is about (bins - 1)·(1/n + 1/m) for n and m
independent faces (Yurdakul & Naranjo, "Statistical properties of the population stability index", 2020): 0.03 for a
thousand and a thousand. Faces of one class are not independent, so fewer than that are not judged.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from itertools import accumulate, pairwise
from math import isfinite, log
from typing import Any

from chalicelib.domain.frames import FrameResult
from chalicelib.domain.sightings import Decision

EDGES = (-0.32, -0.16, -0.08, -0.04, -0.02, -0.01, -0.005, 0.0, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
"""Between the bins of score - threshold, the first and last of which are open. Finer at the threshold: margins of some
packs are a hundredth, scores of others spread over the whole cosine."""
FURTHEST = 1.0
"""Where the open bins are taken to end, when they are compared with other edges."""
BINS = len(EDGES) + 1
DRIFTED, LEAST_FACES = 0.25, 1000
LEAST_SHARE = 0.5 / LEAST_FACES
"""What an empty bin counts as: half a face."""


@dataclass(frozen=True)
class Tally:
    """What a model made of some frames, as numbers.

    `frames` in which something could have been seen; `unacquired`: those of them without a face that was good enough,
    which an empty room has too. `excess`: faces with a candidate, by the bin of score - threshold.
    """

    frames: int = 0
    unacquired: int = 0
    accepted: int = 0
    review: int = 0
    unknown: int = 0
    excess: tuple[int, ...] = (0,) * BINS

    def __add__(self, other: "Tally") -> "Tally":
        numbers = {name: getattr(self, name) + getattr(other, name) for name in COUNTED}
        excess = tuple(mine + theirs for mine, theirs in zip(self.excess, other.excess, strict=True))
        return Tally(**numbers, excess=excess)

    @property
    def faces(self) -> int:
        return self.accepted + self.review + self.unknown

    @property
    def scored(self) -> int:
        return sum(self.excess)

    @property
    def review_rate(self) -> float | None:
        return self.review / self.faces if self.faces else None

    @property
    def failure_to_acquire(self) -> float | None:
        return self.unacquired / self.frames if self.frames else None


COUNTED = tuple(each.name for each in fields(Tally) if each.name != "excess")


@dataclass(frozen=True)
class TallyOf:
    """The tally of one course's day; a day is UTC's."""

    course_id: str
    day: date
    model_id: str
    tally: Tally


class Baseline(StrEnum):
    """What is compared with."""

    REPORT = "report"  # what the test led to expect, of views of registrations
    FIRST_FACES = "first_faces"  # the model's first days in service here


@dataclass(frozen=True)
class Expected:
    """Shares of the excess between `edges`; the first and the last bin hold all beyond as well.

    `until`: the last day that it was made of, if it was.
    """

    baseline: Baseline
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    review_rate: float | None = None
    failure_to_acquire: float | None = None
    until: date | None = None


def tally_of(result: FrameResult) -> Tally | None:
    """None of a frame in which nothing could have been seen."""
    if not result.shows_something:
        return None
    decisions = [sighting.decision for sighting in result.sightings]
    excess = [0] * BINS
    for sighting in result.sightings:
        if sighting.candidate is not None:
            excess[bisect_right(EDGES, sighting.score - sighting.threshold)] += 1
    return Tally(
        frames=1,
        unacquired=0 if any(not sighting.reasons for sighting in result.sightings) else 1,
        accepted=decisions.count(Decision.ACCEPTED),
        review=decisions.count(Decision.REVIEW),
        unknown=decisions.count(Decision.UNKNOWN),
        excess=tuple(excess),
    )


def total(tallies: Iterable[TallyOf]) -> Tally:
    return sum((each.tally for each in tallies), Tally())


def shares_of(tally: Tally, edges: Sequence[float]) -> tuple[float, ...]:
    """Between these edges, as in Expected; within a bin of ours faces are taken to lie evenly. Of none all are 0."""
    ends = (-FURTHEST, *EDGES, FURTHEST)
    along = (0, *accumulate(tally.excess))
    below = [0.0, *(_below(edge, ends, along) for edge in edges[1:-1]), float(tally.scored)]
    return tuple((above - under) / max(tally.scored, 1) for under, above in pairwise(below))


def stability(tally: Tally, expected: Expected) -> float | None:
    """The population stability index; None of fewer faces than can be judged."""
    if tally.scored < LEAST_FACES:
        return None
    seen = shares_of(tally, expected.edges)
    pairs = ((max(a, LEAST_SHARE), max(b, LEAST_SHARE)) for a, b in zip(seen, expected.shares, strict=True))
    return sum((a - b) * log(a / b) for a, b in pairs)


def has_drifted(tally: Tally, expected: Expected | None) -> bool:
    index = None if expected is None else stability(tally, expected)
    return index is not None and index > DRIFTED


def first_faces(tallies: Sequence[TallyOf]) -> Expected | None:
    """Of one model's tallies: its first days, as many as hold enough faces; None if all together do not."""
    seen = Tally()
    for day in sorted({each.day for each in tallies}):
        seen = seen + total(each for each in tallies if each.day == day)
        if seen.scored >= LEAST_FACES:
            edges = (-FURTHEST, *EDGES, FURTHEST)
            return Expected(
                Baseline.FIRST_FACES,
                edges,
                shares_of(seen, edges),
                seen.review_rate,
                seen.failure_to_acquire,
                until=day,
            )
    return None


def expected_of(report: Any) -> Expected | None:
    """What a report.json expects; None if it says nothing of it, or nothing that can be compared with."""
    told = report.get("expected") if isinstance(report, Mapping) else None
    if not isinstance(told, Mapping):
        return None
    edges, shares = _numbers(told.get("edges")), _numbers(told.get("shares"))
    rising = all(low < high for low, high in pairwise(edges))
    if len(shares) < 2 or len(edges) != len(shares) + 1 or not rising or abs(sum(shares) - 1) > 0.01:
        return None
    rates = (_numbers([told.get(name)]) for name in ("review_rate", "failure_to_acquire"))
    review_rate, failure_to_acquire = ((*rate, None)[0] for rate in rates)
    return Expected(Baseline.REPORT, edges, shares, review_rate, failure_to_acquire)


def _below(edge: float, ends: Sequence[float], along: Sequence[int]) -> float:
    """How many lie below."""
    bin_ = min(max(bisect_right(ends, edge) - 1, 0), BINS - 1)
    part = (min(max(edge, -FURTHEST), FURTHEST) - ends[bin_]) / (ends[bin_ + 1] - ends[bin_])
    return along[bin_] + part * (along[bin_ + 1] - along[bin_])


def _numbers(told: Any) -> tuple[float, ...]:
    """None at all if any is no number."""
    values = told if isinstance(told, list) else []
    good = all(
        isinstance(each, int | float) and not isinstance(each, bool) and isfinite(each) for each in values
    )
    return tuple(map(float, values)) if good else ()
