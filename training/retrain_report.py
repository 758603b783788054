"""What retraining would be worth: each thing that it may learn, against the pack as it was shipped, on LFW.

    python -m training.retrain_report --pack pypi --out build/retrain-report.json

So many people of the calibration half, each photo a registration, are learned from. On the test half they are tested:
two hundred people with two or three photos are the cohort, as in an evaluation; everybody else with two or more is
enrolled from the first ones, up to three, and looked for in the rest; who has one is a stranger. Then whole schools go
through the job itself, divided as it divides them.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chalicelib.domain.errors import PackRefused
from chalicelib.domain.gate import decide, read_report
from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.learned import Learned, load_learned
from chalicelib.vision.pack import Pack, load_pack
from training.artefact import REPORT
from training.calibrate_site import LEAST_PEOPLE
from training.challenge import challenge
from training.commands import WRONG_CALL, add_cache, parser_of, say, write_document
from training.features import look_at
from training.identification import fnir_at_fpir
from training.learning import FITS, NONE, Candidate, Learnt, Parts, calibrated, learn
from training.outcome import model_files, report_files
from training.paired import DIGITS
from training.photos import Person, WrongSets, people_in
from training.projections import labelled
from training.retrain import retrain
from training.school import School
from training.segregate import Dataset, Member, manifest_of
from training.split import CALIBRATION, PROBES_FROM, TEST
from training.trials import COUNTS, Features

ENROLLED = (100, 300)
ROSTER = 100
_KINDS = ("people", "cohort", "strangers")
SHIPPED, CALIBRATION_ONLY = "as shipped", "calibration only"


@dataclass(frozen=True, eq=False)
class Halves:
    """LFW's: whom to learn from, on whom it is tested, and who is the cohort: of the test half, and not tested."""

    pack: Pack
    features: Features
    known: tuple[Person, ...]
    fresh: tuple[Person, ...]
    cohort: tuple[Person, ...]


def ablation(halves: Halves, enrolled: int) -> Iterator[dict[str, Any]]:
    """Learned from so many people; a row for each thing and enrolment count."""
    parts = _parts(halves, enrolled)
    least = min(LEAST_PEOPLE, enrolled // 2)  # lifted where the job would refuse: the table shows what from
    chosen = learn(parts, halves.pack, say).chosen.kind
    for name, learnt in _learnt(parts, halves.pack, least):
        for count in (1, COUNTS[-1]):
            found = _row(halves, parts, learnt, count)
            say(f"{enrolled} enrolled, {count} photos, {name}: {found['fnir']}, {found['decision']}")
            yield {
                "enrolled": enrolled,
                "photos": count,
                "learned": name,
                "in_service": _is_allowed(name, parts),
                "chosen": (NONE if name == CALIBRATION_ONLY else name) == chosen,
                **found,
            }


def school_alone(halves: Halves, people: Sequence[Person], name: str) -> dict[str, Any]:
    """What the job itself makes of these people, and what the gate says."""
    pack = halves.pack
    members = tuple(sorted(_members(people, halves.features, pack), key=lambda each: each.person_id))
    dataset = Dataset("rollcall-retrain-report", pack.model_id, pack.model_id, members)
    files = retrain(dataset, Learned.of(pack), pack, say)
    report = json.loads(files[REPORT])
    return {
        "school": name,
        "people": len(members),
        **_told(report, pack.model_id),
        "candidates": report["candidates"],
    }


def _parts(halves: Halves, enrolled: int) -> Parts:
    order = [halves.known[each] for each in np.random.default_rng(0).permutation(len(halves.known))]
    several = [each for each in _members(order, halves.features, halves.pack) if len(each.registrations) > 1]
    cohort = tuple(_members(halves.cohort, halves.features, halves.pack))
    if len(several) < enrolled:
        raise WrongSets(f"{len(several)} people with two photos or more are fewer than {enrolled}.")
    half = enrolled // 2
    return Parts(cohort, cohort, tuple(several[:half]), tuple(several[half:enrolled]))


def _learnt(parts: Parts, pack: Pack, least: int) -> Iterator[tuple[str, Learnt]]:
    people, registrations = len(parts.shown), sum(len(each.registrations) for each in parts.shown)

    def of(kind: str, thresholds: Any, matrix: Any) -> Learnt:
        chosen = Candidate(kind, matrix, None)
        return Learnt(thresholds, chosen, (chosen,), people, registrations)

    yield SHIPPED, of(NONE, None, None)
    yield CALIBRATION_ONLY, of(NONE, calibrated(parts.shown, parts.cohort, pack, None, say=say), None)
    for kind, fit in FITS.items():
        matrix = fit(labelled(parts.fit))
        yield kind, of(kind, calibrated(parts.validation, parts.cohort, pack, matrix, least, say), matrix)


def _row(halves: Halves, parts: Parts, learnt: Learnt, count: int) -> dict[str, Any]:
    pack, champion = halves.pack, Learned.of(halves.pack)
    files = model_files(learnt, manifest_of(pack.model_id, parts.shown), pack)
    challenger = load_learned(files, pack)
    cohort = [member.template for member in parts.cohort]
    school = _looked_at(halves.fresh, halves.features)
    found = challenge(school, cohort, pack, champion, challenger, roster=ROSTER, count=count)
    report = report_files(pack.model_id, challenger.model_id, learnt, found, files, pack)
    if found is None:
        raise WrongSets("There are too few people to test with.")
    oracle = fnir_at_fpir(found.judged[1], pack.thresholds.promise.accept_fpir)
    return {**_told(json.loads(report[REPORT]), pack.model_id), "oracle_fnir": round(oracle, DIGITS)}


def _told(report: Mapping[str, Any], champion_id: str) -> dict[str, Any]:
    decision = decide(read_report(report), champion_id=champion_id)
    test = report["test"] or {}
    return {
        **test.get("challenger", {}),
        **{
            name: test.get(name)
            for name in ("identities", "strangers", "expected_false_positives", "fnir_difference")
        },
        "champion": test.get("champion"),
        "decision": str(decision.verdict),
        "reasons": [reason.code for reason in decision.reasons],
    }


def _is_allowed(name: str, parts: Parts) -> bool:
    measured_on = parts.validation if name in FITS else parts.shown
    return name == SHIPPED or len(measured_on) >= LEAST_PEOPLE


def _members(people: Sequence[Person], features: Features, pack: Pack) -> Iterator[Member]:
    """As a school has them: ids instead of names, and views as an enrolment keeps them."""
    for person in people:
        occasions = tuple(
            Occasion(f"reg_{photo.stem}", (np.asarray(seen.enrolling, "<f4").tobytes(),))
            for photo in person.photos
            if (seen := features[photo]) is not None
        )
        person_id = f"per_{hashlib.sha256(person.name.encode()).hexdigest()[:32]}"
        if occasions:
            yield Member(Template(person_id, pack.model_id, occasions), normalise=True)


def _looked_at(people: Sequence[Person], features: Features) -> School:
    """Looked for in plain photos, as in a frame, with no mirror image averaged; one without a face is a miss."""
    nothing = Path("nothing")
    several: list[Person] = []
    once: list[Person] = []
    for person in people:
        number = min(PROBES_FROM, len(person.photos) - 1) or 1
        blanks = (nothing,) * (PROBES_FROM - number)
        divided = Person(person.name, (*person.photos[:number], *blanks, *person.photos[number:]))
        (several if len(person.photos) > 1 else once).append(divided)
    return School(tuple(several), (*several, *once), {**features, nothing: None})


def table(document: Mapping[str, Any]) -> Iterator[str]:
    """As markdown."""
    yield "| people | photos | learned | oracle FNIR | FPIR | FNIR | difference of FNIR | the gate |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in document["ablation"]:
        name = row["learned"] if row["in_service"] else f"{row['learned']} (too few)"
        name += " (chosen)" if row["chosen"] else ""
        yield f"| {row['enrolled']} | {row['photos']} | {name} | {row['oracle_fnir']:.3f} | {_cells(row)} |"
    yield ""
    yield "| school | people | FPIR, FNIR as shipped | learned | FPIR | FNIR | difference of FNIR | the gate |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in document["schools"]:
        kind = next(each["kind"] for each in row["candidates"] if each["chosen"])
        shipped = ", ".join(_rate(row["champion"], name) for name in ("fpir", "fnir"))
        yield f"| {row['school']} | {row['people']} | {shipped} | {kind} | {_cells(row)} |"


def _cells(row: Mapping[str, Any]) -> str:
    difference = row["fnir_difference"]
    changed = "{value:+.4f} [{lower:+.4f}, {upper:+.4f}]".format(**difference)
    rates = (_rate(row, name) for name in ("fpir", "fnir"))
    return " | ".join((*rates, changed, f"{row['decision']}: {', '.join(row['reasons'])}"))


def _rate(row: Mapping[str, Any], name: str) -> str:
    low, high = row[f"{name}_interval"]
    return f"{100 * row[name]:.2f} % [{100 * low:.2f}, {100 * high:.2f}]"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = parser_of("training.retrain_report", __doc__)
    parser.add_argument("--faces", type=Path, default=Path("build/faces"), help="default: %(default)s")
    add_cache(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    given = parser.parse_args(arguments)
    try:
        halves = _halves(load_pack(given.packs / given.pack), given.faces, given.cache)
        rows = [row for enrolled in ENROLLED for row in ablation(halves, enrolled)]
    except (WrongSets, PackRefused) as error:
        say(str(error))
        return WRONG_CALL
    tested = (*halves.fresh, *halves.cohort)
    several = [person for person in tested if len(person.photos) > 1]
    schools = [school_alone(halves, several[:size], f"{size} of the test half") for size in ENROLLED]
    schools.append(school_alone(halves, (*halves.known, *tested), "all of LFW"))
    document = {"pack": given.pack, "model_id": halves.pack.model_id, "ablation": rows, "schools": schools}
    write_document(document, given.out)
    print("\n".join(table(document)))
    return 0


def _halves(pack: Pack, faces: Path, cache: Path | None) -> Halves:
    known = tuple(person for kind in _KINDS for person in people_in(faces / CALIBRATION / kind))
    people, others, strangers = (people_in(faces / TEST / kind) for kind in _KINDS)
    wanted = pack.thresholds.rivals.cohort if pack.thresholds.rivals else 0
    cohort, fresh = others[:wanted], (*people, *others[wanted:], *strangers)
    photos = [photo for person in (*known, *fresh, *cohort) for photo in person.photos]
    return Halves(pack, look_at(photos, pack, cache=cache, say=say), known, fresh, cohort)


if __name__ == "__main__":
    sys.exit(main())
