"""Several looks of one session: does it pay to accept two weaker ones where one strong one is missing?

A stranger who is there for a whole session is looked at several times, so a promise for a session asks for a higher
threshold than one for a look. Given the same FPIR of a session, part of it may be spent on a second rule: two looks
whose scores average above a lower threshold.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chalicelib.vision.matching import scored
from chalicelib.vision.pack import Pack
from training.photos import Person
from training.rates import threshold_at
from training.split import PROBES_FROM
from training.thresholds import RIVALS
from training.trials import COUNTS, Features, Floats, cohort_of, gallery_of

ROSTER, DRAWS, COHORT_PEOPLE, SESSION_FPIR = 30, 60, 200, 0.01
SHARES = (1.0, 0.9, 0.7, 0.5, 0.3)
"""The part of the FPIR that is spent on single looks."""


def looks_of_a_session(
    people: Sequence[Person], others: Sequence[Person], features: Features, pack: Pack
) -> dict[str, Any]:
    """FNIR of a session at its FPIR, by the share of it that is spent on single looks; and what the threshold of a
    single look means for a session. Strangers: people off the roster or not needed as cohort, with all their looks.
    """
    mated: list[tuple[float, float]] = []
    nonmated: list[tuple[float, float]] = []
    first: list[float] = []
    for draw in range(DRAWS):
        rng = np.random.default_rng((7, draw))
        order = [people[each] for each in rng.permutation(len(people))]
        rest = [others[each] for each in rng.permutation(len(others))]
        cohort = cohort_of(rest[:COHORT_PEOPLE], features, pack.model_id)
        gallery = gallery_of(order[:ROSTER], features, pack, COUNTS[-1], RIVALS, cohort)
        place = {name: number for number, name in enumerate(gallery.person_ids)}

        def best(person: Person, start: int, gallery: Any = gallery) -> tuple["Floats", "Floats"]:
            seen = [found.embedding for photo in person.photos[start:] if (found := features[photo])]
            if not seen:
                return np.empty(0), np.empty(0)
            scores = scored(np.stack(seen), gallery)[1]
            return scores.max(axis=1), scores.argmax(axis=1)

        for person in order[:ROSTER]:
            tops, candidates = best(person, PROBES_FROM)
            mated.append(_one_and_two(tops[candidates == place.get(person.name, -1)]))
        for person in (*order[ROSTER:], *rest[COHORT_PEOPLE:]):
            tops, candidates = best(person, 0)
            if len(tops):
                first.append(float(tops[0]))
            groups = [_one_and_two(tops[candidates == each]) for each in set(candidates.tolist())]
            nonmated.append(tuple(np.max(groups, axis=0)) if groups else (-np.inf, -np.inf))
    return _judged(np.array(mated), np.array(nonmated), np.array(first))


def _one_and_two(tops: Floats) -> tuple[float, float]:
    """The best score, and the mean of the best two; -inf where there are not as many."""
    ordered = np.sort(tops)[::-1]
    one = float(ordered[0]) if len(ordered) else -np.inf
    return one, float(ordered[:2].mean()) if len(ordered) > 1 else -np.inf


def _judged(mated: Floats, nonmated: Floats, first: Floats) -> dict[str, Any]:
    a_look = threshold_at(first, SESSION_FPIR, len(first))
    return {
        "roster": ROSTER,
        "sessions_of_strangers": len(nonmated),
        "session_fpir_at_the_threshold_of_a_look": round(float((nonmated[:, 0] > a_look).mean()), 4),
        "session_fnir_at_the_threshold_of_a_look": round(float((mated[:, 0] <= a_look).mean()), 4),
        "session_fnir_by_share_of_single_looks": {
            str(share): round(_fnir(mated, nonmated, share), 4) for share in SHARES
        },
    }


def _fnir(mated: Floats, nonmated: Floats, share: float) -> float:
    """Both rules together make the FPIR of a session."""
    single = threshold_at(nonmated[:, 0], SESSION_FPIR * share, len(nonmated))
    left = nonmated[nonmated[:, 0] <= single, 1]
    allowed = SESSION_FPIR - float((nonmated[:, 0] > single).mean())
    double = threshold_at(left, allowed * len(nonmated) / len(left), len(left))
    return float(((mated[:, 0] <= single) & (mated[:, 1] <= double)).mean())
