"""Duplicate identities: when are two templates one person's? Chosen on one half of the people, measured on the other.

    python -m training.duplicates --people DIR --strangers DIR --cohort DIR --pack pypi --out FILE.json

A search compares the template that is to be enrolled with everybody's. FPIR: the part of the people enrolled for the
first time who are taken for somebody else. Detected: the part of the people who were enrolled before, from other
photos, and are found. Thresholds are the pack's; see `choose_duplicate_thresholds` for how they are chosen.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.matching import reference
from chalicelib.vision.pack import Pack, load_pack
from chalicelib.vision.thresholds import Curve, Pair
from training.commands import REFUSALS, WRONG_CALL, add_cache, add_out, parser_of, say, write_document
from training.features import look_at
from training.lookalikes import LOOKS, lookalike_margins
from training.photos import Person, WrongSets, people_in, require_distinct
from training.rates import outcomes, rate_of
from training.split import PROBES_FROM
from training.trials import COUNTS, Features, Floats, cohort_of, require_seen, template_of

FPIR = 0.005
SIZES = (100, 250, 1000, 5000)
DRAWS = 10
MOST_PHOTOS = PROBES_FROM + LOOKS
"""Photos of a person beyond these are not looked at."""
_LEVEL_RANK, _SLOPE_RANK = 30, 300
PAIRS = tuple(combinations_with_replacement(COUNTS, 2))


@dataclass(frozen=True, eq=False)
class References:
    """rows: (n, dimension) of unit norm. owner: (n,) whose each is, as an index of the people."""

    owner: NDArray[np.intp]
    rows: NDArray[np.float32]


def references_of(
    people: Sequence[Person], start: int, count: int, features: Features, pack: Pack
) -> References:
    """Of all who have a face in each of those photos."""
    owners, rows = [], []
    for number, person in enumerate(people):
        shown = Person(person.name, person.photos[start : start + count])
        template = template_of(shown, count, features, pack.model_id)
        if template is not None and template.enrolment_count == count:
            owners.append(number)
            rows.append(reference(template, pack.model_id, pack.embedder.dimension))
    return References(
        np.array(owners, np.intp), np.array(rows, np.float32).reshape(len(rows), pack.embedder.dimension)
    )


def choose_duplicate_thresholds(
    people: Sequence[Person], features: Features, pack: Pack, fpir: float = FPIR
) -> dict[Pair, Curve]:
    """By the enrolment counts of both templates.

    How often two people resemble each other falls exponentially with how much, as far as it can be seen. That makes a
    threshold which is straight in the logarithm of how many are compared with, as fpir = people · P(similarity >
    threshold). Its level is that of the 30th most alike pair of each two counts. Its slope is that of single photos for
    all, as few people have more; by the median, as some pairs are one person under two names. Raises WrongSets: too few
    people.
    """
    by_count = {count: references_of(people, 0, count, features, pack) for count in COUNTS}
    singles = _strangers(by_count[1], by_count[1])
    if len(singles) <= _SLOPE_RANK:
        raise WrongSets(f"{len(people)} people are too few to tell how alike strangers may be.")
    slope = float(np.median(singles[:_SLOPE_RANK] - singles[_SLOPE_RANK])) / math.log(2)
    curves = {}
    for lesser, greater in PAIRS:
        similarities = _strangers(by_count[lesser], by_count[greater])
        if len(similarities) <= _LEVEL_RANK:
            raise WrongSets(f"Too few people have {greater} photos.")
        rate = _LEVEL_RANK / len(similarities)
        at_30, at_120 = (
            float(similarities[_LEVEL_RANK]) + slope * math.log(size * rate / fpir) for size in (30, 120)
        )
        curves[lesser, greater] = Curve(round(at_30, 5), round(at_120, 5))
    return curves


def _strangers(some: References, others: References) -> Floats:
    """The similarities of all pairs of two people, the most alike first."""
    similarities = (some.rows @ others.rows.T).astype(np.float64)
    once = some.owner[:, None] < others.owner[None, :]
    different = once if some is others else some.owner[:, None] != others.owner[None, :]
    return np.sort(similarities[different])[::-1]


def evaluate_duplicates(people: Sequence[Person], features: Features, pack: Pack) -> dict[str, Any]:
    """FPIR and detection at the pack's thresholds; of schools larger than the people at hand, detection alone."""
    return {
        "pack": pack.name,
        "model_id": pack.model_id,
        "promise": pack.thresholds.promise.duplicate_fpir,
        "people": len(people),
        "results": [row for pair in PAIRS for row in _rows(pair, people, features, pack)],
    }


def _rows(pair: Pair, people: Sequence[Person], features: Features, pack: Pack) -> Iterator[dict[str, Any]]:
    lesser, greater = pair
    new, enrolled = (references_of(people, 0, count, features, pack) for count in pair)
    again = references_of(people, lesser, greater, features, pack)
    mine = {int(owner): row for owner, row in zip(new.owner, new.rows, strict=True)}
    twice = np.array(
        [
            float(mine[int(owner)] @ row)
            for owner, row in zip(again.owner, again.rows, strict=True)
            if int(owner) in mine
        ]
    )
    for size in SIZES:
        threshold = pack.thresholds.duplicate_threshold(pair, size)
        row: dict[str, Any] = {
            "enrolments": [lesser, greater],
            "school": size,
            "threshold": round(threshold, 4),
            "enrolled_twice": len(twice),
            "detected": round(float((twice >= threshold).mean()), 4),
        }
        if size < len(enrolled.owner):
            row |= _false_alarms(new, enrolled, size, threshold, len(people))
        yield row


def _false_alarms(
    new: References, enrolled: References, size: int, threshold: float, people: int
) -> dict[str, Any]:
    """Everybody searched among `size` others, drawn several times."""
    alike = new.rows @ enrolled.rows.T >= threshold
    alike &= new.owner[:, None] != enrolled.owner[None, :]
    drawn = []
    for draw in range(DRAWS):
        chosen = np.random.default_rng((size, draw)).permutation(len(enrolled.owner))[:size]
        drawn.append((new.owner, np.asarray(alike[:, chosen].any(axis=1), np.bool_)))
    rate = rate_of(outcomes(drawn, people))
    return {
        "searches": len(new.owner),
        "fpir": round(rate.value, 5),
        "fpir_interval": [round(end, 5) for end in rate.interval],
    }


def table_of(document: dict[str, Any]) -> Iterator[str]:
    yield f"{document['pack']}: duplicate identities, promised FPIR {document['promise']}"
    yield "photos   school  threshold  detected  FPIR"
    for row in document["results"]:
        photos = "{} and {}".format(*row["enrolments"])
        alarms = (
            "{:.2%} [{:.2%}, {:.2%}]".format(row["fpir"], *row["fpir_interval"]) if "fpir" in row else "-"
        )
        yield f"{photos:8} {row['school']:6}  {row['threshold']:9.4f}  {row['detected']:8.3f}  {alarms}"
    yield "photos  margins to a look-alike  accepted  as the other"
    for row in document.get("lookalikes", ()):
        yield f"{row['enrol']:6}  {row['margins']:23}  {row['accepted']:8.3f}  {row['accepted_as_the_other']:12}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = parser_of("training.duplicates", __doc__)
    for name in ("people", "strangers", "cohort"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="a folder per person")
    add_cache(parser)
    add_out(parser)
    given = parser.parse_args(arguments)
    try:
        pack = load_pack(given.packs / given.pack)
        sets = {name: people_in(getattr(given, name)) for name in ("people", "strangers", "cohort")}
        require_distinct(sets)
        everybody = [person for people in sets.values() for person in people]
        known = [person for person in sets["people"] if len(person.photos) > PROBES_FROM]
        photos = [photo for person in everybody for photo in person.photos[:MOST_PHOTOS]]
        features = look_at(photos, pack, cache=given.cache, say=say)
        require_seen(
            "people",
            (photo for person in known for photo in person.photos[PROBES_FROM:MOST_PHOTOS]),
            features,
        )
    except REFUSALS as error:
        say(str(error))
        return WRONG_CALL
    document = evaluate_duplicates(everybody, features, pack)
    document["lookalikes"] = lookalike_margins(
        known, cohort_of(sets["cohort"], features, pack.model_id), features, pack
    )
    write_document(document, given.out)
    for line in table_of(document):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
