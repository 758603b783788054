"""Measure a pack on people whom nobody tuned it on.

    python -m training.evaluate --people DIR --strangers DIR [--cohort DIR] --pack pypi --out FILE.json

A DIR holds a folder of photos per person. People need four photos: the first one, two or three enrol, the rest are
looked at, so that every enrolment count meets the same people and faces. Thresholds are the pack's alone. Beside
FILE.json a report is written as FILE.html. Exits with 2 if an identity stands in two folders.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.domain.templates import Template
from chalicelib.vision.pack import DECLARATION, Pack, load_pack
from layers.packs.hashes import sha256_of
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
from training.confidences import reliability
from training.degradations import DEGRADATIONS
from training.features import Seen, look_at
from training.groups import groups_in, verification_by_group
from training.identification import Judged, as_json, det_curve, fnir_at_threshold, fpir_at_threshold, judge
from training.photos import Person, WrongSets, people_in, require_distinct
from training.report import write_report
from training.split import PROBES_FROM
from training.tables import evaluation_table
from training.trials import COUNTS, Draw, Features, cohort_of, draws, require_seen, template_of
from training.verification import claims

OTHER_SIZES = (30, 60)
STRANGER_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Test:
    """Who is shown to which pack, and how. `gallery`: the roster's size."""

    pack: Pack
    people: Sequence[Person]
    strangers: Sequence[Person]
    cohort: Sequence[Template]
    features: Features
    gallery: int
    draws: int
    seed: int

    def drawn(self, count: int, size: int, features: Features | None = None) -> list[Draw]:
        return list(
            draws(
                self.people,
                self.strangers,
                features or self.features,
                self.pack,
                count=count,
                size=size,
                rivals=self.pack.thresholds.rivals,
                cohort=self.cohort,
                number=self.draws,
                seed=self.seed,
            )
        )

    def judged(self, drawn: Sequence[Draw]) -> Judged:
        return judge(drawn, self.pack, (len(self.people), len(self.strangers)))


def evaluate(test: Test, degrade: bool, groups: dict[str, str] | None) -> dict[str, Any]:
    """The document: see the README for its fields."""
    by_count = {count: test.drawn(count, test.gallery) for count in COUNTS}
    sizes = sorted({*(size for size in OTHER_SIZES if size < len(test.people)), len(test.people)})
    shown = [photo for each in test.people for photo in each.photos]
    looks = [each.photos[0] for each in test.strangers]
    usable = [seen.usable for photo in (*shown, *looks) if (seen := test.features[photo])]
    document = {
        "pack": test.pack.name,
        "model_id": test.pack.model_id,
        "pack_sha256": sha256_of(test.pack.path(DECLARATION).read_bytes()),
        "promise": vars(test.pack.thresholds.promise),
        "gallery": test.gallery,
        "draws": test.draws,
        "seed": test.seed,
        "cohort": len(test.cohort),
        "results": [as_json(count, test.judged(drawn)) for count, drawn in by_count.items()],
        "other_galleries": [
            as_json(count, test.judged(test.drawn(count, size))) for size in sizes for count in COUNTS
        ],
        "claims": [
            claims(count, drawn, test.strangers, test.features, test.pack)
            for count, drawn in by_count.items()
        ],
        "confidence": reliability(
            [d for drawn in by_count.values() for d in drawn], test.pack, STRANGER_SHARE
        ),
        "failure_to_enrol": {str(count): _failures_to_enrol(test, count) for count in COUNTS},
        "failure_to_acquire": _failures_to_acquire(test, test.features),
        "quality_rejected": 1 - statistics.fmean(usable),
        "image_ms_p50": _milliseconds(test.features),
        "det": {str(count): det_curve(test.judged(drawn)) for count, drawn in by_count.items()},
    }
    if degrade:
        document["degradations"] = [_degraded(test, name) for name in DEGRADATIONS]
    if groups is not None:
        document["groups"] = verification_by_group(test.people, test.features, test.pack, groups)
    return document


def _degraded(test: Test, name: str) -> dict[str, Any]:
    """Enrolled from three good photos, looked at under bad conditions, by people and strangers alike."""
    looks = [photo for each in test.people for photo in each.photos[PROBES_FROM:]]
    looks += [each.photos[0] for each in test.strangers]
    worse = look_at(looks, test.pack, change=DEGRADATIONS[name], say=lambda line: say(f"{name}: {line}"))
    features = {**test.features, **worse}
    judged = test.judged(test.drawn(COUNTS[-1], test.gallery, features))
    return {
        "degradation": name,
        "enrol": COUNTS[-1],
        "fpir": fpir_at_threshold(judged).value,
        "fnir": fnir_at_threshold(judged).value,
        "failure_to_acquire": _failures_to_acquire(test, features),
    }


def _failures_to_enrol(test: Test, count: int) -> float:
    """The part of the people of whom not one photo gives a template."""
    failed = [template_of(each, count, test.features, test.pack.model_id) is None for each in test.people]
    return statistics.fmean(failed)


def _failures_to_acquire(test: Test, features: Features) -> float:
    """The part of the photos looked at in which no face is found."""
    looks = [photo for each in test.people for photo in each.photos[PROBES_FROM:]]
    looks += [each.photos[0] for each in test.strangers]
    return statistics.fmean(features[photo] is None for photo in looks)


def _milliseconds(features: Features) -> float:
    seen: list[Seen] = [each for each in features.values() if each is not None]
    return round(1000 * statistics.median(each.seconds for each in seen), 2)


def _test_of(given: argparse.Namespace, groups: dict[str, str] | None) -> Test:
    """Raises WrongSets, PackRefused."""
    pack = load_pack(given.packs / given.pack)
    everybody, strangers = people_in(given.people), people_in(given.strangers)
    others = people_in(given.cohort) if given.cohort else ()
    require_distinct({"people": everybody, "strangers": strangers, "cohort": others})
    people = [person for person in everybody if len(person.photos) > PROBES_FROM]
    if given.gallery > len(people):
        raise WrongSets(
            f"A gallery of {given.gallery} cannot be drawn from {len(people)} people with four photos."
        )
    if groups is not None and groups.keys().isdisjoint(person.name for person in people):
        raise WrongSets(f"{given.groups} names none of the people with four photos.")
    photos = [photo for each in (*people, *others) for photo in each.photos]
    photos += [each.photos[0] for each in strangers]
    features = look_at(photos, pack, cache=given.cache, say=say)
    require_seen("strangers", (each.photos[0] for each in strangers), features)
    cohort = cohort_of(others, features, pack.model_id)
    return Test(pack, people, strangers, cohort, features, given.gallery, given.draws, given.seed)


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    started = time.perf_counter()
    try:
        groups = None if given.groups is None else groups_in(given.groups)
        test = _test_of(given, groups)
        document = evaluate(test, given.degrade, groups)
    except REFUSALS as error:
        say(str(error))
        return WRONG_CALL
    document["wall_seconds"] = round(time.perf_counter() - started, 1)
    write_document(document, given.out)
    report = write_report(document, given.out.with_suffix(".html"))
    for line in evaluation_table(document):
        print(line)
    print(f"See {given.out} and {report}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("training.evaluate", __doc__)
    parser.add_argument("--people", type=Path, required=True, help="those who are enrolled: 4 photos or more")
    parser.add_argument("--strangers", type=Path, required=True, help="those who are not: their first photo")
    parser.add_argument("--cohort", type=Path, help="other people, against whom scores are normalised")
    parser.add_argument(
        "--gallery", type=at_least(2), default=120, help="people on the roster (default: %(default)s)"
    )
    parser.add_argument("--draws", type=at_least(1), default=10, help="rosters drawn (default: %(default)s)")
    parser.add_argument("--seed", type=at_least(0), default=0)
    parser.add_argument("--groups", type=Path, help="a CSV of name,group: errors are reported by group")
    parser.add_argument("--degrade", action="store_true", help="also measure pictures made worse")
    add_cache(parser)
    add_out(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
