"""Errors by group, for those who may and can label their people: FMR within a group, FNMR of its people."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chalicelib.vision.matching import scored
from chalicelib.vision.pack import Pack
from training.photos import Person, WrongSets, spelled
from training.split import PROBES_FROM
from training.trials import COUNTS, Features, gallery_of

LEAST_PEOPLE = 50
"""Fewer, and a group's figures are not supported."""


def groups_in(path: Path) -> dict[str, str]:
    """Group by a person's name, of a CSV of `name,group`. Raises WrongSets, OSError."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _groups_of(csv.DictReader(file, strict=True), path)
    except (csv.Error, UnicodeDecodeError) as error:
        raise WrongSets(f"{path} is no CSV in UTF-8: {error}") from error


def _groups_of(rows: "csv.DictReader[str]", path: Path) -> dict[str, str]:
    if not {"name", "group"} <= set(rows.fieldnames or ()):
        raise WrongSets(f"{path} needs the columns name and group.")
    group_by_name: dict[str, str] = {}
    for row in rows:
        name, group = spelled(row["name"] or ""), row["group"]
        if not name or not group or None in row:
            raise WrongSets(f"{path}, line {rows.line_num}: one name and one group are expected.")
        if group_by_name.setdefault(name, group) != group:
            raise WrongSets(f"{path}, line {rows.line_num}: {name} is in another group already.")
    if not group_by_name:
        raise WrongSets(f"{path} names nobody.")
    return group_by_name


def verification_by_group(
    people: Sequence[Person], features: Features, pack: Pack, group_by_name: Mapping[str, str]
) -> list[dict[str, Any]]:
    """At the pack's threshold of a claim, all enrolled from three photos; who is in no group is left out."""
    labelled = [person for person in people if person.name in group_by_name]
    gallery = gallery_of(labelled, features, pack, COUNTS[-1])
    operating = pack.thresholds.operating(len(gallery.person_ids), normalised=False)
    thresholds = np.array([operating.claim(count) for count in gallery.enrolment_counts])
    groups = np.array([group_by_name[name] for name in gallery.person_ids], str)
    names = np.array(gallery.person_ids, str)
    rows = []
    for group in sorted({group_by_name[person.name] for person in labelled}):
        members = [person for person in labelled if group_by_name[person.name] == group]
        looks = [
            (person.name, features[photo]) for person in members for photo in person.photos[PROBES_FROM:]
        ]
        found = [(name, seen.embedding) for name, seen in looks if seen is not None]
        faces = np.array([embedding for _, embedding in found], np.float32)
        passed = scored(faces.reshape(-1, pack.embedder.dimension), gallery)[1] >= thresholds
        own = names[None, :] == np.array([name for name, _ in found], str)[:, None]
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
