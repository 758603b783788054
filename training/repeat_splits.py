"""Is the promise kept on people whom calibration never saw? Divide anew many times, choose, and measure.

    python -m training.repeat_splits --faces DIR --pack pypi --splits 20 --out FILE.json

Each seed divides the people into halves by sha256; thresholds are chosen on one half exactly as a pack's are, and FPIR
and FNIR measured on the other. The splits share people, so their spread tells how much a figure owes to the division;
the bound on a promise is the mean of the splits' own subject-level bounds.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chalicelib.vision.pack import Pack, load_pack
from training.commands import (
    REFUSALS,
    WRONG_CALL,
    add_cache,
    add_out,
    at_least,
    parser_of,
    say,
    write_document,
)
from training.features import look_at
from training.identification import fnir_at_threshold, fpir_at_threshold, judge
from training.photos import Person, WrongSets, people_in
from training.split import CALIBRATION, TEST, Sets, sets_of
from training.thresholds import SIZES, Material, choose_thresholds
from training.trials import COUNTS, Features, cohort_of, draws

DRAWS = 10


def measure_split(
    people: Sequence[Person], features: Features, pack: Pack, seed: int
) -> list[dict[str, Any]]:
    """One row for each enrolment count."""
    chosen_on, tested_on = sets_of(people, CALIBRATION, seed), sets_of(people, TEST, seed)
    material = Material(chosen_on.people, chosen_on.strangers, features, pack)
    thresholds = choose_thresholds(material, cohort_of(chosen_on.cohort, features, pack.model_id))
    calibrated = replace(pack, thresholds=thresholds)
    return [{"seed": seed, **_tested(tested_on, features, calibrated, count)} for count in COUNTS]


def require_enough(people: Sequence[Person], seed: int) -> None:
    """For the rosters on which thresholds are chosen, and for one of two people on which they are tested.

    Raises WrongSets.
    """
    for half, least in ((CALIBRATION, SIZES[1]), (TEST, 2)):
        sets = sets_of(people, half, seed)
        if len(sets.people) < least or not sets.strangers:
            raise WrongSets(
                f"The people are too few: split {seed + 1} has {len(sets.people)} with four photos (of {least} needed) "
                f"and {len(sets.strangers)} with one in its {half} half."
            )


def _tested(sets: Sets, features: Features, pack: Pack, count: int) -> dict[str, Any]:
    drawn = list(
        draws(
            sets.people,
            sets.strangers,
            features,
            pack,
            count=count,
            size=min(SIZES[1], len(sets.people)),
            rivals=pack.thresholds.rivals,
            cohort=cohort_of(sets.cohort, features, pack.model_id),
            number=DRAWS,
        )
    )
    judged = judge(drawn, pack, (len(sets.people), len(sets.strangers)))
    fpir, fnir = fpir_at_threshold(judged), fnir_at_threshold(judged)
    return {
        "enrol": count,
        "gallery": len(drawn[0].gallery.person_ids),
        "normalised": drawn[0].gallery.normalises,
        "fpir": fpir.value,
        "fpir_upper": fpir.interval[1],
        "fnir": fnir.value,
    }


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """By enrolment count, over the splits."""
    return [
        {
            "enrol": count,
            "fpir_mean": statistics.fmean(row["fpir"] for row in mine),
            "fpir_upper_mean": statistics.fmean(row["fpir_upper"] for row in mine),
            "fpir_largest": max(row["fpir"] for row in mine),
            "fpir_spread": statistics.stdev(row["fpir"] for row in mine),
            "fnir_mean": statistics.fmean(row["fnir"] for row in mine),
        }
        for count in COUNTS
        if len(mine := [row for row in rows if row["enrol"] == count]) > 1
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    started = time.perf_counter()
    try:
        pack, people = load_pack(given.packs / given.pack), people_in(given.faces)
        rows = _rows(people, pack, given)
    except REFUSALS as error:
        say(str(error))
        return WRONG_CALL
    promise = pack.thresholds.promise.accept_fpir
    document = {
        "pack": given.pack,
        "promise": promise,
        "splits": given.splits,
        "summary": summary(rows),
        "rows": rows,
        "wall_seconds": round(time.perf_counter() - started, 1),
    }
    write_document(document, given.out)
    print(json.dumps(document["summary"], indent=2))
    return 0


def _rows(people: Sequence[Person], pack: Pack, given: argparse.Namespace) -> list[dict[str, Any]]:
    """Raises WrongSets."""
    for seed in range(given.splits):
        require_enough(people, seed)
    photos = [photo for person in people for photo in person.photos]
    features = look_at(photos, pack, cache=given.cache, say=say)
    rows: list[dict[str, Any]] = []
    for seed in range(given.splits):
        rows += measure_split(people, features, pack, seed)
        say(f"split {seed + 1} of {given.splits}: FPIR {[round(row['fpir'], 4) for row in rows[-3:]]}")
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("training.repeat_splits", __doc__)
    parser.add_argument("--faces", type=Path, required=True, help="a folder per person")
    parser.add_argument("--splits", type=at_least(1), default=20, help="default: %(default)s")
    add_cache(parser)
    add_out(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
