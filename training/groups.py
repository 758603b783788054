"""Errors by group, for those who may and can label their people: FMR within a group, FNMR of its people."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalicelib.vision.matching import scored
from chalicelib.vision.pack import Pack
from training.photos import Person
from training.split import PROBES_FROM
from training.trials import COUNTS, Features, gallery_of

LEAST_PEOPLE = 50
"""Fewer, and a group's figures are not supported."""


def verification_by_group(
    people: Sequence[Person], features: Features, pack: Pack, group_by_name: Mapping[str, str]
) -> list[dict[str, Any]]:
    """At the pack's threshold of a claim, all enrolled from three photos; who is in no group is left out."""
    labelled = [person for person in people if person.name in group_by_name]
    gallery = gallery_of(labelled, features, pack, COUNTS[-1])
    operating = pack.thresholds.operating(len(gallery.person_ids), normalised=False)
    thresholds = np.array([operating.claim(count) for count in gallery.enrolment_counts])
    groups = np.array([group_by_name[name] for name in gallery.person_ids])
    names = np.array(gallery.person_ids)
    rows = []
    for group in sorted(set(groups.tolist())):
        members = [person for person in labelled if group_by_name[person.name] == group]
        looks = [
            (person.name, features[photo]) for person in members for photo in person.photos[PROBES_FROM:]
        ]
        found = [(name, seen.embedding) for name, seen in looks if seen is not None]
        passed = scored(np.stack([embedding for _, embedding in found]), gallery)[1] >= thresholds
        own = names[None, :] == np.array([name for name, _ in found])[:, None]
        others = (groups == group)[None, :] & ~own
        rows.append(
            {
                "group": group,
                "people": len(members),
                "fmr": float(passed[others].mean()) if others.any() else None,
                "false_matches": int(passed[others].sum()),
                "fnmr": 1 - float(passed[own].sum()) / len(looks),
                "supported": len(members) >= LEAST_PEOPLE,
            }
        )
    return rows
