"""What each part of recognition pays, on the calibration half: every choice of a pack stands beside its alternatives.

    python -m training.ablate --pack pypi --out build/ablation-pypi.json

FNIR where the FPIR is 0.3 and 1 %, rosters of 120, for one, two and three photos enrolled. Nothing here is measured on
the test half. Also: what is found in the dark with and without brightening, and whether two weaker looks of a session
are worth as much as a stronger one.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.matching import reference
from chalicelib.vision.pack import DECLARATION, Pack, load_pack, read_declaration, write_declaration
from layers.packs.derive import derive_pack
from training.commands import REFUSALS, WRONG_CALL, add_cache, add_out, parser_of, say, write_document
from training.darkness import brightening
from training.features import Seen, look_at, require_readable
from training.photos import Person, WrongSets, people_in
from training.rates import threshold_at
from training.scorers import Roster, Rows, Scorer, against, scorers
from training.sessions import looks_of_a_session
from training.split import CALIBRATION, PROBES_FROM
from training.thresholds import RIVALS
from training.trials import COUNTS, Features, cohort_of, require_seen

FPIRS = (0.003, 0.01)
ROSTER, DRAWS = 120, 20


@dataclass(frozen=True, eq=False)
class Material:
    people: Sequence[Person]
    strangers: Sequence[Person]
    cohort: Rows
    features: Features


def oracle_fnirs(
    material: Material, scorer: Scorer, count: int, usable_only: bool = False
) -> dict[str, float]:
    """By FPIR: the mean over draws of FNIR at each draw's own threshold."""
    found = [seen.embedding for each in material.strangers if (seen := material.features[each.photos[0]])]
    looks, total = np.stack(found), len(material.strangers)
    missed: dict[str, list[float]] = {str(fpir): [] for fpir in FPIRS}
    for draw in range(DRAWS):
        order = np.random.default_rng((0, ROSTER, draw)).permutation(len(material.people))[:ROSTER]
        people = [material.people[each] for each in order]
        roster, enrolled = _roster(people, material, count, usable_only)
        top, right, probes = _probed(enrolled, people, roster, scorer, material.features)
        strangers = scorer(roster, looks).max(axis=1).astype(np.float64)
        for fpir in FPIRS:
            threshold = threshold_at(strangers, fpir, total)
            missed[str(fpir)].append(1 - float((right & (top > threshold)).sum()) / probes)
    return {fpir: round(float(np.mean(each)), 4) for fpir, each in missed.items()}


def _roster(
    people: Sequence[Person], material: Material, count: int, usable_only: bool
) -> tuple[Roster, list[Person]]:
    photos, enrolled = [], []
    for person in people:
        seen = [material.features[photo] for photo in person.photos[:count]]
        kept = [each.enrolling for each in seen if each is not None and (each.usable or not usable_only)]
        if kept:
            photos.append(np.stack(kept))
            enrolled.append(person)
    references = np.stack([each.mean(axis=0) for each in photos])
    return Roster(photos, _unit(references), material.cohort), enrolled


def _probed(
    enrolled: Sequence[Person], people: Sequence[Person], roster: Roster, scorer: Scorer, features: Features
) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Best scores, whether they are right, and how many photos there are, those of whom could not enrol included."""
    probes = [
        (place, seen.embedding)
        for place, person in enumerate(enrolled)
        for photo in person.photos[PROBES_FROM:]
        if (seen := features[photo]) is not None
    ]
    scores = scorer(roster, np.stack([embedding for _, embedding in probes]))
    right = scores.argmax(axis=1) == np.array([place for place, _ in probes])
    total = sum(len(person.photos) - PROBES_FROM for person in people)
    return scores.max(axis=1).astype(np.float64), right, total


def _unit(rows: Rows) -> Rows:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


MIRRORS: Mapping[str, Callable[[Seen], Seen]] = {
    "no mirror image": lambda seen: replace(seen, enrolling=seen.embedding),
    "mirror image averaged to enrol": lambda seen: seen,
    "mirror image averaged to enrol and to look": lambda seen: replace(seen, embedding=seen.enrolling),
}
"""What is made of a face that was seen by a pack that averages mirror images to enrol."""


def ablate(pack: Pack, mirrored: Pack, faces: Path, cache: Path | None) -> dict[str, Any]:
    """`mirrored`: the same pack, averaging mirror images to enrol whether it is shipped so or not. Raises WrongSets."""
    people, strangers = people_in(faces / "people", PROBES_FROM + 1), people_in(faces / "strangers")
    others = people_in(faces / "cohort")
    if len(people) < ROSTER:
        raise WrongSets(f"A roster of {ROSTER} cannot be drawn from {len(people)} people with four photos.")
    require_readable(each.photos[0] for each in strangers)
    photos = [photo for person in (*people, *others) for photo in person.photos]
    photos += [each.photos[0] for each in strangers]
    seen = look_at(photos, mirrored, cache=cache, say=say)
    for whose, shown in {"people": people, "strangers": strangers, "cohort": others}.items():
        require_seen(whose, (each.photos[0] for each in shown), seen)
    by_mirror = {
        name: {photo: each and change(each) for photo, each in seen.items()}
        for name, change in MIRRORS.items()
    }
    materials = {
        name: Material(people, strangers, _cohort(others, features, pack), features)
        for name, features in by_mirror.items()
    }
    shipped = list(MIRRORS)[pack.embedder.mirrored]
    rows = [_row(name, materials[shipped], scorer) for name, scorer in scorers().items()]
    rows += [_row(name, material, against(RIVALS)) for name, material in materials.items()]
    gate = "enrolled only from photos of good quality"
    rows.append(_row(gate, materials[shipped], against(RIVALS), usable_only=True))
    return {
        "pack": pack.name,
        "shipped": shipped,
        "rows": rows,
        "darkness": brightening(pack, [each.photos[0] for each in strangers]),
        "sessions": looks_of_a_session(people, others, by_mirror[shipped], pack),
    }


def _row(name: str, material: Material, scorer: Scorer, *, usable_only: bool = False) -> dict[str, Any]:
    say(name)
    by_count = {str(count): oracle_fnirs(material, scorer, count, usable_only) for count in COUNTS}
    return {"variant": name, "fnir_by_enrolment_count": by_count}


def _cohort(others: Sequence[Person], features: Features, pack: Pack) -> Rows:
    """(c, d), in the order in which evaluation offers them."""
    templates = cohort_of(others, features, pack.model_id)
    rows = [reference(template, pack.model_id, pack.embedder.dimension) for template in templates]
    return np.stack(rows)


def _mirrored(pack: Pack, into: Path) -> Pack:
    derived = derive_pack(pack.directory, into, f"{pack.name}-mirrored", pack.thresholds)
    declaration = read_declaration(derived.directory)
    declaration["embedder"]["mirrored"] = True
    (into / DECLARATION).write_text(write_declaration(declaration), encoding="utf-8")
    return load_pack(into)


def table(document: dict[str, Any]) -> list[str]:
    """As markdown."""
    lines = [
        "| variant | " + " | ".join(f"{count} photo{'s' * (count > 1)}" for count in COUNTS) + " |",
        "|---|" + "---|" * len(COUNTS),
    ]
    for row in document["rows"]:
        cells = (row["fnir_by_enrolment_count"][str(count)] for count in COUNTS)
        lines.append(
            f"| {row['variant']} | "
            + " | ".join(" / ".join(f"{v:.3f}" for v in c.values()) for c in cells)
            + " |"
        )
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    parser = parser_of("training.ablate", __doc__)
    parser.add_argument(
        "--faces", type=Path, default=Path("build/faces") / CALIBRATION, help="default: %(default)s"
    )
    add_cache(parser)
    add_out(parser)
    given = parser.parse_args(arguments)
    try:
        pack = load_pack(given.packs / given.pack)
        with TemporaryDirectory(dir=given.packs, prefix=".mirrored-") as folder:
            document = ablate(pack, _mirrored(pack, Path(folder, "pack")), given.faces, given.cache)
    except REFUSALS as error:
        say(str(error))
        return WRONG_CALL
    write_document(document, given.out)
    print("\n".join(table(document)))
    print(json.dumps({name: document[name] for name in ("darkness", "sessions")}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
