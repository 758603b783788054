"""What each part of recognition pays, on the calibration half: every choice of a pack stands beside its alternatives.

    python -m training.ablate --pack pypi --out build/ablation-pypi.json

FNIR where the FPIR is 0.3 and 1 %, rosters of 120, for one, two and three photos enrolled. Nothing here is measured on
the test half. Also: what is found in the dark with and without brightening, and whether two weaker looks of a session
are worth as much as a stronger one.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.errors import PackRefused
from chalicelib.vision.matching import reference
from chalicelib.vision.normalisation import normalised, reference_rivalry
from chalicelib.vision.pack import DECLARATION, Pack, load_pack, read_declaration, write_declaration
from chalicelib.vision.thresholds import Rivals
from layers.packs.derive import derive_pack
from training.darkness import brightening
from training.features import Seen, look_at
from training.photos import Person, WrongSets, people_in
from training.rates import threshold_at
from training.sessions import looks_of_a_session
from training.split import CALIBRATION, PROBES_FROM
from training.thresholds import RIVALS
from training.trials import COUNTS, Features, cohort_of

Rows = NDArray[np.float32]
FPIRS = (0.003, 0.01)
ROSTER, DRAWS, AS_NORM_NEAREST = 120, 20, 50


@dataclass(frozen=True, eq=False)
class Roster:
    """photos: of each person enrolled, (k, d). references: (n, d) their averages. cohort: (c, d)."""

    photos: Sequence[Rows]
    references: Rows
    cohort: Rows


Scorer = Callable[[Roster, Rows], Rows]
"""(m, n) scores of a roster's n people and (m, d) faces."""


def plain(roster: Roster, faces: Rows) -> Rows:
    return faces @ roster.references.T


def best_photo(roster: Roster, faces: Rows) -> Rows:
    """The most similar photo of each person, instead of their average."""
    return np.stack([(faces @ photos.T).max(axis=1) for photos in roster.photos], axis=1)


def as_norm(roster: Roster, faces: Rows) -> Rows:
    """Adaptive symmetric normalisation with standard deviations, against the cohort (Matějka et al., 2017)."""
    similarities = faces @ roster.references.T
    of_reference = np.sort(roster.references @ roster.cohort.T, axis=1)[:, -AS_NORM_NEAREST:]
    of_face = np.sort(faces @ roster.cohort.T, axis=1)[:, -AS_NORM_NEAREST:]
    by_reference = (similarities - of_reference.mean(axis=1)) / of_reference.std(axis=1)
    by_face = (similarities - of_face.mean(axis=1)[:, None]) / of_face.std(axis=1)[:, None]
    scores: Rows = (by_reference + by_face) / 2
    return scores


def against(rivals: Rivals, *, cohort: bool = True) -> Scorer:
    """As the service does it; without a cohort only the rest of the roster is a rival."""

    def scorer(roster: Roster, faces: Rows) -> Rows:
        others = roster.cohort[: rivals.cohort] if cohort else roster.cohort[:0]
        rivalry = reference_rivalry(roster.references, others, rivals.nearest)
        return normalised(faces @ roster.references.T, faces @ others.T, rivalry, rivals)

    return scorer


def scorers() -> Mapping[str, Scorer]:
    """By what the table calls them; the last group are the neighbours of what is shipped."""
    return {
        "similarity to the average photo": plain,
        "similarity to the best photo": best_photo,
        "AS-norm, cohort, 50 nearest": as_norm,
        "rivals, rest of the roster only": against(RIVALS, cohort=False),
        "rivals, roster and cohort (shipped)": against(RIVALS),
        **{f"rivals, {n} nearest": against(replace(RIVALS, nearest=n)) for n in (1, 5, 20)},
        **{
            f"rivals, weights {reference} and {face}": against(
                replace(RIVALS, of_reference=reference, of_face=face)
            )
            for reference, face in ((0.0, 0.5), (0.3, 0.3), (0.4, 0.4), (0.5, 0.5))
        },
        **{f"rivals, cohort of {size}": against(replace(RIVALS, cohort=size)) for size in (50, 100)},
    }


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
    """`mirrored`: the same pack, averaging mirror images to enrol whether it is shipped so or not."""
    people, strangers = people_in(faces / "people", PROBES_FROM + 1), people_in(faces / "strangers")
    others = people_in(faces / "cohort")
    photos = [photo for person in (*people, *others) for photo in person.photos]
    photos += [each.photos[0] for each in strangers]
    seen = look_at(photos, mirrored, cache=cache, say=_say)
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
    _say(name)
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
    parser = argparse.ArgumentParser(prog="python -m training.ablate", description=__doc__.partition("\n")[0])
    parser.add_argument("--pack", default="pypi", help="the name of a built pack (default: %(default)s)")
    parser.add_argument("--packs", type=Path, default=Path("build/packs"), help="default: %(default)s")
    parser.add_argument(
        "--faces", type=Path, default=Path("build/faces") / CALIBRATION, help="default: %(default)s"
    )
    parser.add_argument("--cache", type=Path, help="where to keep embeddings of public photos between runs")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    given = parser.parse_args(arguments)
    try:
        pack = load_pack(given.packs / given.pack)
        with TemporaryDirectory(dir=given.packs, prefix=".mirrored-") as folder:
            document = ablate(pack, _mirrored(pack, Path(folder, "pack")), given.faces, given.cache)
    except (WrongSets, PackRefused) as error:
        print(error, file=sys.stderr)
        return 2
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(document, indent=2) + "\n")
    print("\n".join(table(document)))
    print(json.dumps({name: document[name] for name in ("darkness", "sessions")}, indent=2))
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
