"""1:1 comparisons, as a claim makes them: "that is me". FMR: strangers who pass. FNMR: people who do not."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chalicelib.vision.matching import scored
from chalicelib.vision.pack import Pack
from training.photos import Person
from training.split import PROBES_FROM
from training.trials import Draw, Features


def claims(
    count: int, drawn: Sequence[Draw], strangers: Sequence[Person], features: Features, pack: Pack
) -> dict[str, Any]:
    """At the pack's threshold of a claim: every stranger against every person; every person's photos against theirs.

    Photos without a face are misses. `false_matches`: how many pairs stand behind the FMR, over all galleries.
    """
    looks = [seen.embedding for each in strangers if (seen := features[each.photos[0]]) is not None]
    embeddings = np.stack(looks)
    matched = pairs = missed = shown = 0
    threshold = 0.0
    for draw in drawn:
        operating = pack.thresholds.operating(
            len(draw.gallery.person_ids), normalised=draw.gallery.normalises
        )
        threshold = operating.claim(count)
        thresholds = np.array([operating.claim(each) for each in draw.gallery.enrolment_counts])
        scores = scored(embeddings, draw.gallery)[1]
        matched += int((scores >= thresholds).sum())
        pairs += scores.size
        passed, total = _genuine(draw, features, thresholds)
        missed, shown = missed + total - passed, shown + total
    return {
        "enrol": count,
        "threshold": threshold,
        "fmr": matched / pairs,
        "false_matches": matched,
        "fnmr": missed / shown,
        "pairs": pairs,
    }


def _genuine(draw: Draw, features: Features, thresholds: "np.ndarray[Any, Any]") -> tuple[int, int]:
    """How many of the photos looked at pass as whom they show, of how many."""
    place = {name: number for number, name in enumerate(draw.gallery.person_ids)}
    passed = 0
    for person in draw.people:
        for photo in person.photos[PROBES_FROM:]:
            seen = features[photo]
            if seen is None or person.name not in place:
                continue
            mine = place[person.name]
            passed += bool(scored(seen.embedding[None], draw.gallery)[1][0, mine] >= thresholds[mine])
    return passed, sum(len(person.photos) - PROBES_FROM for person in draw.people)
