"""What a pack declares of its scores: from where on a face is a person, by roster and by enrolment count.

The thresholds of a model keep a promise, a false-positive identification rate. The larger the roster, the likelier is
a stranger to resemble somebody on it; the more occasions a reference averages, the higher everybody's scores: so they
depend on both. Similarities, and scores normalised against rivals, each have levels of their own.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Value = TypeVar("Value")
Pair = tuple[int, int]

LOOKALIKE_MARGINS = 2
"""How many margins apart look-alikes must be where a pack does not say. Of looks at LFW's most alike people it leaves
3 to 12 of a hundred more to a human; three margins would 14 to 53 (`make duplicates`). Nothing is measured on twins."""
LARGEST_SCHOOL = 10_000
"""So many people are searched for duplicates at most: a similarity can still reach the threshold."""
FEWEST_PEOPLE = 30
"""Smaller rosters are held to this one's thresholds, on the safe side: a class, and the smallest that is measured."""


@dataclass(frozen=True)
class Rivals:
    """How scores are normalised: see chalicelib.vision.normalisation.

    `nearest`: how many of the most similar others count. `cohort`: how many people besides the roster must be at hand;
    with fewer, scores are plain similarities.
    """

    nearest: int
    of_reference: float
    of_face: float
    cohort: int


@dataclass(frozen=True)
class Curve:
    """A threshold by roster size: straight in the logarithm of the size between, and above, two measured sizes."""

    at_30: float
    at_120: float

    def at(self, people: int) -> float:
        doublings = math.log2(max(people, FEWEST_PEOPLE) / 30)
        return self.at_30 + (self.at_120 - self.at_30) * doublings / 2


@dataclass(frozen=True)
class Confidence:
    """Logistic regression of "the match is right" on the score's excess over the threshold, at a share of strangers."""

    intercept: float
    slope: float
    stranger_share: float

    def of(self, excess: float, stranger_share: float) -> float:
        """0..1, at another share of strangers: their odds are changed, what scores tell of a face is not."""
        shift = _logit(self.stranger_share) - _logit(stranger_share)
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, self.intercept + self.slope * excess + shift))))


@dataclass(frozen=True)
class Levels:
    """The thresholds of one kind of score, by enrolment count. `claim`: of a 1:1 comparison, whatever the roster.

    `lookalike_margin`: the margin between two people whom a human told apart.
    """

    accept: Mapping[int, Curve]
    review: Mapping[int, Curve]
    claim: Mapping[int, float]
    margin: float
    confidence: Confidence
    lookalike_margin: float | None = None


@dataclass(frozen=True)
class Promise:
    """What the thresholds were chosen for: FPIR of accepting and of asking a human, FMR of a claim.

    `duplicate_fpir`: the part of the people who are enrolled for the first time and taken for somebody else.
    """

    accept_fpir: float
    review_fpir: float
    claim_fmr: float
    duplicate_fpir: float | None = None


@dataclass(frozen=True)
class Operating:
    """The thresholds in force for one gallery: of `people` on the roster, with or without normalised scores."""

    levels: Levels
    people: int

    @property
    def margin(self) -> float:
        return self.levels.margin

    @property
    def lookalike_margin(self) -> float:
        """Of a face's best candidate to everybody whom a human told apart from them."""
        declared = self.levels.lookalike_margin
        return LOOKALIKE_MARGINS * self.margin if declared is None else max(declared, self.margin)

    def accept(self, enrolment_count: int) -> float:
        """At or above it, and with `margin` to the runner-up, a face is the person."""
        return _at(self.levels.accept, enrolment_count).at(self.people)

    def review(self, enrolment_count: int) -> float:
        """Between it and `accept` a human decides; below it a face is unknown."""
        return _at(self.levels.review, enrolment_count).at(self.people)

    def claim(self, enrolment_count: int) -> float:
        """At or above it a face that claims to be one person is that person."""
        return _at(self.levels.claim, enrolment_count)

    def confidence(self, score: float, enrolment_count: int, stranger_share: float) -> float:
        """The probability, 0..1, that the face is the person."""
        return self.levels.confidence.of(score - self.accept(enrolment_count), stranger_share)


@dataclass(frozen=True)
class Thresholds:
    """All of a pack. Without `normalised` (and `rivals`), scores are never normalised.

    `duplicate`: of two templates' similarity, by the enrolment counts of both, the lesser first, and by how many people
    are compared with.
    """

    promise: Promise
    plain: Levels
    normalised: Levels | None = None
    rivals: Rivals | None = None
    provisional: bool = True
    duplicate: Mapping[Pair, Curve] | None = None

    @property
    def same_person(self) -> float:
        """The cosine below which two views of one upload are taken for different people, or one for a bad view."""
        return _at(self.plain.review, 1).at(FEWEST_PEOPLE)

    def duplicate_threshold(self, enrolment_counts: tuple[int, int], people: int) -> float:
        """From it on two templates may be one person's.

        A pack that says nothing of it is held to what it accepts as one of so many people: with more false alarms.
        """
        lesser, greater = sorted(enrolment_counts)
        if self.duplicate is None:
            return self.operating(people, normalised=False).accept(greater)
        measured = max(count for pair in self.duplicate for count in pair)
        return self.duplicate[min(lesser, measured), min(greater, measured)].at(people)

    def operating(self, people: int, *, normalised: bool) -> Operating:
        levels = self.normalised if normalised else self.plain
        if levels is None:
            raise ValueError("this pack declares no thresholds for normalised scores")
        return Operating(levels, people)

    def as_json(self) -> dict[str, Any]:
        """As pack.json holds it."""
        written: dict[str, Any] = {
            "promise": {name: value for name, value in vars(self.promise).items() if value is not None},
            "plain": _levels_as_json(self.plain),
            "provisional": self.provisional,
        }
        if self.normalised and self.rivals:
            written |= {"normalised": _levels_as_json(self.normalised), "rivals": dict(vars(self.rivals))}
        if self.duplicate:
            written["duplicate"] = _curves_as_json(
                {f"{lesser}-{greater}": curve for (lesser, greater), curve in self.duplicate.items()}
            )
        return written


def thresholds_of(declared: Mapping[str, Any]) -> Thresholds:
    """Raises KeyError, TypeError, ValueError where the declaration is not one of thresholds."""
    if ("normalised" in declared) != ("rivals" in declared):
        raise ValueError("normalised thresholds and rivals are declared together")
    normalises = "normalised" in declared
    return Thresholds(
        promise=Promise(**{name: float(value) for name, value in declared["promise"].items()}),
        plain=_levels_of(declared["plain"]),
        normalised=_levels_of(declared["normalised"]) if normalises else None,
        rivals=_rivals_of(declared["rivals"]) if normalises else None,
        provisional=bool(declared["provisional"]),
        duplicate=_duplicate_of(declared["duplicate"]) if "duplicate" in declared else None,
    )


def _duplicate_of(declared: Mapping[str, Any]) -> dict[Pair, Curve]:
    curves = {_pair_of(counts): _curve_of(curve) for counts, curve in declared.items()}
    most = max((greater for _, greater in curves), default=0)
    expected = {(lesser, greater) for greater in range(1, most + 1) for lesser in range(1, greater + 1)}
    if not curves or set(curves) != expected:
        raise ValueError(
            "thresholds of duplicates are declared for every pair of enrolment counts from 1-1 on"
        )
    ends = (FEWEST_PEOPLE, LARGEST_SCHOOL)
    if not all(-1 <= curve.at(people) <= 1 for curve in curves.values() for people in ends):
        raise ValueError(f"a threshold of duplicates outside -1 to 1, for a school of up to {LARGEST_SCHOOL}")
    return curves


def _pair_of(text: str) -> Pair:
    lesser, greater = (int(count) for count in text.split("-"))
    return lesser, greater


def _rivals_of(declared: Mapping[str, Any]) -> Rivals:
    rivals = Rivals(
        nearest=int(declared["nearest"]),
        of_reference=float(declared["of_reference"]),
        of_face=float(declared["of_face"]),
        cohort=int(declared["cohort"]),
    )
    weights = (rivals.of_reference, rivals.of_face)
    if not 1 <= rivals.nearest <= rivals.cohort or not all(0 <= weight < math.inf for weight in weights):
        raise ValueError("rivals must hold 1 <= nearest <= cohort and weights of 0 or more")
    return rivals


def _levels_of(declared: Mapping[str, Any]) -> Levels:
    levels = Levels(
        accept=_by_count(declared["accept"], _curve_of),
        review=_by_count(declared["review"], _curve_of),
        claim=_by_count(declared["claim"], float),
        margin=float(declared["margin"]),
        confidence=Confidence(**{name: float(value) for name, value in declared["confidence"].items()}),
        lookalike_margin=float(declared["lookalike_margin"]) if "lookalike_margin" in declared else None,
    )
    for count in {*levels.accept, *levels.review}:
        accept, review = _at(levels.accept, count), _at(levels.review, count)
        if not all(
            -1 <= review.at(people) <= accept.at(people) <= 1 for people in (FEWEST_PEOPLE, 120, 1000)
        ):
            raise ValueError("thresholds must hold -1 <= review <= accept <= 1 for every roster up to 1000")
    if not all(-1 <= claim <= 1 for claim in levels.claim.values()):
        raise ValueError("a claim's threshold outside -1 to 1")
    if not 0 <= levels.margin < 1 or not 0 < levels.confidence.slope < math.inf:
        raise ValueError("a margin outside 0 to 1, or a confidence that falls with the score")
    if levels.lookalike_margin is not None and not 0 <= levels.lookalike_margin < 1:
        raise ValueError("a margin of look-alikes outside 0 to 1")
    if not math.isfinite(levels.confidence.intercept):
        raise ValueError("a confidence's intercept that is no number")
    if not 0 < levels.confidence.stranger_share < 1:
        raise ValueError("a share of strangers outside 0 to 1")
    return levels


def _curve_of(declared: Mapping[str, Any]) -> Curve:
    return Curve(at_30=float(declared["30"]), at_120=float(declared["120"]))


def _by_count(declared: Mapping[str, Any], read: Callable[[Any], Value]) -> dict[int, Value]:
    values = {int(count): read(value) for count, value in declared.items()}
    if 1 not in values:
        raise ValueError("the thresholds begin with one enrolment")
    return values


def _levels_as_json(levels: Levels) -> dict[str, Any]:
    written: dict[str, Any] = {
        "accept": _curves_as_json(levels.accept),
        "review": _curves_as_json(levels.review),
        "claim": {str(count): value for count, value in levels.claim.items()},
        "margin": levels.margin,
        "confidence": dict(vars(levels.confidence)),
    }
    if levels.lookalike_margin is not None:
        written["lookalike_margin"] = levels.lookalike_margin
    return written


def _curves_as_json(curves: Mapping[Any, Curve]) -> dict[str, dict[str, float]]:
    return {str(count): {"30": curve.at_30, "120": curve.at_120} for count, curve in curves.items()}


def _at(value_by_count: Mapping[int, Value], count: int) -> Value:
    """The value of the largest declared count that is not above `count`."""
    if count < 1:
        raise ValueError(f"a person in a gallery has at least one enrolment, not {count}")
    return value_by_count[max(each for each in value_by_count if each <= count)]


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
