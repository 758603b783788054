"""Thresholds from measured scores: what keeps a promised FPIR on these people, by roster and enrolment count."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from chalicelib.domain.templates import Template
from chalicelib.vision.learned import Learned
from chalicelib.vision.matching import scored
from chalicelib.vision.pack import Pack
from chalicelib.vision.thresholds import (
    FEWEST_PEOPLE,
    Confidence,
    Curve,
    Levels,
    Promise,
    Rivals,
    Thresholds,
)
from training.photos import Person
from training.rates import threshold_at
from training.split import PROBES_FROM
from training.trials import COUNTS, Draw, Features, Floats, draws, require_seen

PROMISE = Promise(accept_fpir=0.01, review_fpir=0.05, claim_fmr=1e-4)
RIVALS = Rivals(nearest=2, of_reference=0.2, of_face=0.4, cohort=200)
"""Chosen on the calibration half, where they stand on a plateau: `python -m training.ablate` shows the neighbours."""
SIZES = (30, 120)
DRAWS = 40
MOST_PEOPLE = 1000
"""A pack's curves hold up to rosters of this size."""
STRANGER_SHARE = 0.1
MARGIN_COST = 0.001
"""The part of the right and accepted matches that may lose to the margin, which guards against look-alikes."""


@dataclass(frozen=True, eq=False)
class Material:
    """Whom to measure on. sizes: two rosters, the smaller first; each at most as large as there are people.

    learned: the model whose projection the thresholds are for; none, and they are for raw embeddings.
    """

    people: Sequence[Person]
    strangers: Sequence[Person]
    features: Features
    pack: Pack
    sizes: tuple[int, int] = SIZES
    counts: Sequence[int] = COUNTS
    number: int = DRAWS
    probes_from: int = PROBES_FROM
    learned: Learned | None = None


def choose_thresholds(
    material: Material, cohort: Sequence[Template], promise: Promise = PROMISE, rivals: Rivals = RIVALS
) -> Thresholds:
    """Without enough people for a cohort, scores of this pack are never normalised. Raises WrongSets."""
    looks = (photo for each in material.people for photo in each.photos[material.probes_from :])
    require_seen("strangers", (each.photos[0] for each in material.strangers), material.features)
    require_seen("people, those that enrol them left out", looks, material.features)
    normalises = len(cohort) >= rivals.cohort
    return Thresholds(
        promise=promise,
        plain=_levels(material, promise, None, ()),
        normalised=_levels(material, promise, rivals, cohort) if normalises else None,
        rivals=rivals if normalises else None,
        provisional=False,
    )


def _levels(
    material: Material, promise: Promise, rivals: Rivals | None, cohort: Sequence[Template]
) -> Levels:
    drawn = {
        (count, size): list(
            draws(
                material.people,
                material.strangers,
                material.features,
                material.pack,
                count=count,
                size=size,
                rivals=rivals,
                cohort=cohort,
                number=material.number,
                probes_from=material.probes_from,
                learned=material.learned,
            )
        )
        for count in material.counts
        for size in material.sizes
    }
    margin = _margin(drawn, material, promise)
    accept = {n: _curve(drawn, material, n, promise.accept_fpir, margin) for n in material.counts}
    review = {n: _curve(drawn, material, n, promise.review_fpir, 0.0) for n in material.counts}
    return Levels(
        accept=accept,
        review={n: below(review[n], accept[n]) for n in material.counts},
        claim={n: _claim(drawn[n, material.sizes[1]], material, promise.claim_fmr) for n in material.counts},
        margin=margin,
        confidence=_confidence(drawn, accept),
    )


def _curve(
    drawn: dict[tuple[int, int], list[Draw]], material: Material, count: int, fpir: float, margin: float
) -> Curve:
    """Through the thresholds of the two rosters measured; a larger roster never has the lower one."""
    small, large = material.sizes
    low = _threshold(drawn[count, small], fpir, margin)
    high = max(low, _threshold(drawn[count, large], fpir, margin))
    per_doubling = (high - low) / math.log2(large / small)
    at_30 = low + per_doubling * math.log2(30 / small)
    return Curve(at_30=_rounded_up(at_30), at_120=_rounded_up(at_30 + 2 * per_doubling))


def below(review: Curve, accept: Curve) -> Curve:
    """Two curves measured on few people may cross far from where they were: what would be accepted is reviewed too."""
    above = max(review.at(people) - accept.at(people) for people in (FEWEST_PEOPLE, MOST_PEOPLE))
    lower = max(0.0, _rounded_up(above))
    return Curve(at_30=round(review.at_30 - lower, 4), at_120=round(review.at_120 - lower, 4))


def _threshold(drawn: Sequence[Draw], fpir: float, margin: float) -> float:
    """Where the margin alone keeps the promise, it is kept without it as well."""
    tops = [np.where(draw.nonmated.margin >= margin, draw.nonmated.top, -np.inf) for draw in drawn]
    pooled = np.concatenate(tops)
    found = threshold_at(pooled, fpir, len(pooled))
    return found if np.isfinite(found) or margin <= 0 else _threshold(drawn, fpir, 0.0)


def _margin(drawn: dict[tuple[int, int], list[Draw]], material: Material, promise: Promise) -> float:
    """Of all counts, in the larger roster; none where nobody would be accepted."""
    margins = []
    for count in material.counts:
        some = drawn[count, material.sizes[1]]
        threshold = _threshold(some, promise.accept_fpir, 0.0)
        margins += [draw.mated.margin[draw.mated.right & (draw.mated.top > threshold)] for draw in some]
    found = np.concatenate(margins)
    return _rounded_up(float(np.quantile(found, MARGIN_COST))) if len(found) else 0.0


def _claim(drawn: Sequence[Draw], material: Material, fmr: float) -> float:
    """The threshold of 1:1 comparisons, on every pair of a stranger and an enrolled person who is somebody else."""
    found = [
        (each.name, seen.embedding)
        for each in material.strangers
        if (seen := material.features[each.photos[0]])
    ]
    names = np.array([name for name, _ in found])[:, None]
    embeddings = np.stack([embedding for _, embedding in found])
    pairs = np.concatenate(
        [
            scored(embeddings, draw.gallery)[1][names != np.array(draw.gallery.person_ids)[None, :]]
            for draw in drawn
        ]
    )
    return _rounded_up(threshold_at(pairs.astype(np.float64), fmr, len(pairs)))


def _confidence(drawn: dict[tuple[int, int], list[Draw]], accept: dict[int, Curve]) -> Confidence:
    """One curve for all counts and rosters, as the excess over the threshold is what it depends on."""
    excess: list[Floats] = []
    right: list[Floats] = []
    weight: list[Floats] = []
    for (count, size), some in drawn.items():
        for draw in some:
            for faces, share in ((draw.mated, 1 - STRANGER_SHARE), (draw.nonmated, STRANGER_SHARE)):
                found = np.isfinite(faces.top)
                excess.append(faces.top[found] - accept[count].at(size))
                right.append(faces.right[found].astype(float))
                weight.append(np.full(int(found.sum()), share / found.sum()))
    x, y, w = np.concatenate(excess), np.concatenate(right), np.concatenate(weight)
    scale = float(x.std())
    fitted = LogisticRegression(C=np.inf).fit(x[:, None] / scale, y, sample_weight=w / w.mean())
    return Confidence(
        intercept=round(float(fitted.intercept_[0]), 3),
        slope=round(float(fitted.coef_[0, 0]) / scale, 2),
        stranger_share=STRANGER_SHARE,
    )


def _rounded_up(value: float) -> float:
    return math.ceil(value * 1e4) / 1e4
