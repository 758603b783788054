"""Champion and challenger, on people of whom neither learned anything and on the same comparisons.

Everybody of the test side who registered more than once is enrolled in some roster and is a stranger to the others; who
registered once is a stranger to all. The cohort is of the learning side, so that no stranger is in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.templates import Template
from chalicelib.vision.learned import Learned
from chalicelib.vision.pack import Pack
from training.confidences import reliability, weighted
from training.identification import Judged, det_curve, fnir_at_threshold, fpir_at_threshold, judge
from training.paired import DIGITS, fnir_difference
from training.rates import Rate
from training.school import School
from training.thresholds import SIZES, STRANGER_SHARE
from training.trials import COUNTS, Draw, draw_of, gallery_of

ROSTERS = 10
"""At least so many are drawn: how much the answer owes to who sits together is part of its interval."""
LEAST_PEOPLE = 4
BINS = 10


@dataclass(frozen=True, eq=False)
class Challenge:
    """What both said of the same faces. models: champion and challenger, as judged is."""

    models: tuple[Learned, Learned]
    judged: tuple[Judged, Judged]


def challenge(
    school: School,
    cohort: Sequence[Template],
    pack: Pack,
    champion: Learned,
    challenger: Learned,
    *,
    roster: int = SIZES[1],
    count: int = COUNTS[-1],
) -> Challenge | None:
    """Enrolled from `count` occasions at most. None if there are too few people for two rosters."""
    if len(school.people) < LEAST_PEOPLE:
        return None
    chosen = list(rosters(len(school.people), min(roster, len(school.people) // 2)))
    drawn = [
        [_draw(school, cohort, pack, each, people, count) for people in chosen]
        for each in (champion, challenger)
    ]
    subjects = (len(school.people), len(school.strangers))
    before, after = (
        judge(draws, model, subjects) for draws, model in zip(drawn, (champion, challenger), strict=True)
    )
    return Challenge((champion, challenger), (before, after))


def rosters(people: int, size: int, least: int = ROSTERS) -> Iterator[NDArray[np.intp]]:
    """Rounds of rosters without anybody in common, until there are enough of them."""
    each_round = people // size
    for number in range(-(-least // each_round)):
        order = np.random.default_rng((1, size, number)).permutation(people)
        for start in range(0, each_round * size, size):
            yield order[start : start + size]


def as_json(found: Challenge) -> dict[str, Any]:
    """`test` of a report."""
    before, after = found.judged
    strangers = _met([draw.nonmated.subject for draw in after.draws])
    return {
        "identities": _met([draw.mated.subject for draw in after.draws]),
        "strangers": strangers,
        "expected_false_positives": round(_promised(found.models[1]) * strangers, DIGITS),
        "champion": _rates(before),
        "challenger": _rates(after),
        "fnir_difference": fnir_difference(before, after).as_json(),
    }


def expected(found: Challenge) -> dict[str, Any]:
    """What to expect of the challenger's sightings in service, if one face in ten is a stranger's.

    `edges` part the excess over the threshold into tenths; the first and the last tenth hold all beyond as well. Views
    of registrations say nothing about how often no face can be made use of: null.
    """
    model, judged = found.models[1], found.judged[1]
    faces = weighted(judged.draws, model, STRANGER_SHARE)
    order = np.argsort(faces.excess, kind="stable")
    along = np.cumsum(faces.weight[order])
    places = np.searchsorted(along, np.linspace(0, 1, BINS + 1) * along[-1]).clip(0, len(order) - 1)
    edges = np.unique(np.round(faces.excess[order][places], DIGITS))
    within = np.clip(np.searchsorted(edges, faces.excess, side="right") - 1, 0, max(len(edges) - 2, 0))
    shares = np.bincount(within, weights=faces.weight, minlength=max(len(edges) - 1, 1)) / faces.weight.sum()
    return {
        "edges": edges.tolist(),
        "shares": np.round(shares, DIGITS).tolist(),
        "review_rate": round(_review_rate(judged, model), DIGITS),
        "failure_to_acquire": None,
    }


def curves(found: Challenge) -> dict[str, dict[str, Any]]:
    """What is drawn, by what it is called: `det` points and `reliability`."""
    named = zip(("champion", "challenger"), found.models, found.judged, strict=True)
    return {
        name: {
            "det": det_curve(judged),
            "reliability": reliability(judged.draws, model, STRANGER_SHARE),
        }
        for name, model, judged in named
    }


def _draw(
    school: School,
    cohort: Sequence[Template],
    pack: Pack,
    model: Learned,
    people: NDArray[np.intp],
    count: int,
) -> Draw:
    enrolled = [school.people[each] for each in people]
    gallery = gallery_of(enrolled, school.features, pack, count, model.thresholds.rivals, cohort, model)
    return draw_of(school.people, people.tolist(), school.strangers, school.features, gallery)


def _met(subjects: Iterable[NDArray[np.intp]]) -> int:
    return len(set(np.concatenate(list(subjects)).tolist()))


def _promised(model: Learned) -> float:
    return model.thresholds.promise.accept_fpir


def _rates(judged: Judged) -> dict[str, Any]:
    return {**_rate("fpir", fpir_at_threshold(judged)), **_rate("fnir", fnir_at_threshold(judged))}


def _rate(name: str, rate: Rate) -> dict[str, Any]:
    low, high = rate.interval
    return {name: round(rate.value, DIGITS), f"{name}_interval": [round(low, DIGITS), round(high, DIGITS)]}


def _review_rate(judged: Judged, model: Learned) -> float:
    """At or above the threshold of a review, and not accepted."""
    rates = []
    for draw, mated, nonmated in zip(judged.draws, judged.mated_excess, judged.nonmated_excess, strict=True):
        operating = model.thresholds.operating(
            len(draw.gallery.person_ids), normalised=draw.gallery.normalises
        )
        for faces, excess, share in (
            (draw.mated, mated, 1 - STRANGER_SHARE),
            (draw.nonmated, nonmated, STRANGER_SHARE),
        ):
            above = faces.top >= np.array([operating.review(count) for count in faces.count])
            rates.append(share * float((above & (excess < 0)).mean()))
    return sum(rates) / len(judged.draws)
