"""Look-alikes: what the margin between two people whom a human told apart costs them, and what it keeps out.

The pairs whose references are most alike stand in for twins, of whom there are no pictures.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chalicelib.domain.templates import Template
from chalicelib.vision.matching import Gallery, scored
from chalicelib.vision.pack import Pack
from training.photos import Person
from training.split import PROBES_FROM
from training.trials import COUNTS, Features, Floats, gallery_of

ALIKE = 40
ROSTER = 30
LOOKS = 10
MARGINS = (1, 2, 3)


def lookalike_margins(
    people: Sequence[Person], cohort: Sequence[Template], features: Features, pack: Pack
) -> list[dict[str, Any]]:
    """By enrolment count and by how many margins apart: the part of the faces accepted as themselves, and as the other.

    People have more photos than enrol them. Thresholds are those of a roster of 30.
    """
    by_name = {person.name: person for person in people}
    rows = []
    for count in COUNTS:
        gallery = gallery_of(people, features, pack, count, pack.thresholds.rivals, cohort)
        operating = pack.thresholds.operating(ROSTER, normalised=gallery.normalises)
        own, other = _scores(gallery, by_name, features)
        accept = operating.accept(count)
        for margins in MARGINS:
            apart = margins * operating.margin
            rows.append(
                {
                    "enrol": count,
                    "margins": margins,
                    "faces": len(own),
                    "accepted": round(float(((own >= accept) & (own - other >= apart)).mean()), 4),
                    "accepted_as_the_other": int(((other >= accept) & (other - own >= apart)).sum()),
                }
            )
    return rows


def _scores(gallery: Gallery, by_name: dict[str, Person], features: Features) -> tuple[Floats, Floats]:
    """(n,) of the faces of the most alike pairs: to oneself, and to the other of the pair."""
    alike = np.triu(gallery.references @ gallery.references.T, 1)
    own: list[float] = []
    other: list[float] = []
    for place in np.argsort(-alike, axis=None)[:ALIKE]:
        pair = [int(each) for each in np.unravel_index(int(place), alike.shape)]
        for me, them in (pair, pair[::-1]):
            photos = by_name[gallery.person_ids[me]].photos[PROBES_FROM:][:LOOKS]
            looks = [seen.embedding for photo in photos if (seen := features[photo])]
            if looks:
                scores = scored(np.stack(looks), gallery)[1]
                own += scores[:, me].tolist()
                other += scores[:, them].tolist()
    return np.array(own), np.array(other)
