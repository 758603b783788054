"""Measure the register, not the face: whole sessions of frames with many faces, through the service's own rules.

    python -m training.evaluate_classroom --people DIR --strangers DIR --cohort DIR --pack pypi --out FILE.json

What a session is stands in training.classroom. Intervals are clustered by session: sessions are drawn again.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from chalicelib.domain.templates import Template
from chalicelib.vision.pack import load_pack
from chalicelib.vision.recogniser import Recogniser
from training.classroom import ROSTER, Outcome, draw_session, hold, may_be_shown
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
from training.features import look_at, require_readable
from training.photos import Person, WrongSets, people_in, require_distinct
from training.rates import interval_of
from training.split import PROBES_FROM
from training.trials import COUNTS, cohort_of, template_of

REPEATS = 2000


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Rates per (session, student) with their intervals and what stands behind them."""
    absent = {name for outcome in outcomes for name in outcome.session.absent}
    strangers = {name for outcome in outcomes for name in outcome.session.strangers}
    return {
        "sessions": len(outcomes),
        "trials": ROSTER * len(outcomes),
        "absent_trials": sum(len(outcome.session.absent) for outcome in outcomes),
        "distinct_absent": len(absent),
        "distinct_strangers": len(strangers),
        "faces": sum(len(frame) for outcome in outcomes for frame in outcome.session.frames),
        "faces_found": sum(outcome.faces_found for outcome in outcomes),
        "reviewed_per_session": sum(outcome.reviewed for outcome in outcomes) / len(outcomes),
        "wrongly_present": _rate(outcomes, lambda each: len(each.wrongly_present), ROSTER),
        "wrongly_unseen": _rate(outcomes, lambda each: len(each.wrongly_unseen), ROSTER),
        "unseen_before_review": _rate(outcomes, lambda each: each.unseen_before_review, ROSTER),
        "swapped": _rate(outcomes, lambda each: len(each.swapped), ROSTER),
        "stranger_marks_somebody": _rate(
            outcomes, lambda each: len(each.strangers_accepted), len(outcomes[0].session.strangers)
        ),
    }


def _rate(outcomes: Sequence[Outcome], count: Callable[[Outcome], int], of: int) -> dict[str, Any]:
    """`upper_if_none`: where nothing was counted, the 95 % bound (rule of three) on as many trials as sessions."""
    counts = np.array([count(outcome) for outcome in outcomes], float)

    def resampled(rng: np.random.Generator) -> float:
        return float(counts[rng.integers(len(counts), size=len(counts))].mean() / of)

    found: dict[str, Any] = {
        "rate": float(counts.mean() / of),
        "interval": interval_of(resampled, seed=0, repeats=REPEATS),
        "count": int(counts.sum()),
    }
    return found if counts.any() else found | {"upper_if_none": 3 / len(counts) / of}


def play(
    pack_dir: Path,
    people: Sequence[Person],
    strangers: Sequence[Person],
    templates: Sequence[Template],
    cohort: Sequence[Template],
    seeds: Sequence[int],
) -> list[Outcome]:
    cv2.setNumThreads(1)
    recogniser = Recogniser(load_pack(pack_dir))
    outcomes = []
    for seed in seeds:
        session = draw_session(people, strangers, seed)
        roster = [template for template in templates if template.person_id in session.roster]
        outcomes.append(hold(session, recogniser, recogniser.gallery(roster, cohort), seed))
    return outcomes


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    started = time.perf_counter()
    try:
        outcomes = _outcomes(given)
    except REFUSALS as error:
        say(str(error))
        return WRONG_CALL
    document = {
        "pack": given.pack,
        "model_id": load_pack(given.packs / given.pack).model_id,
        "enrol": COUNTS[-1],
        **summary(outcomes),
        "wall_seconds": round(time.perf_counter() - started, 1),
    }
    write_document(document, given.out)
    print(json.dumps(document, indent=2))
    return 0


def _outcomes(given: argparse.Namespace) -> list[Outcome]:
    pack_dir = given.packs / given.pack
    pack = load_pack(pack_dir)
    people, strangers = people_in(given.people, PROBES_FROM + 1), people_in(given.strangers)
    others = people_in(given.cohort) if given.cohort else ()
    require_distinct({"people": people, "strangers": strangers, "cohort": others})
    if len(people) <= ROSTER:
        raise WrongSets(
            f"{given.people} holds {len(people)} people with four photos; more than {ROSTER} are needed."
        )
    require_readable(may_be_shown(people, strangers))
    enrolling = [photo for person in people for photo in person.photos[:PROBES_FROM]]
    enrolling += [photo for person in others for photo in person.photos]
    features = look_at(enrolling, pack, cache=given.cache, say=say)
    found = (template_of(person, COUNTS[-1], features, pack.model_id) for person in people)
    templates = [template for template in found if template is not None]
    run = partial(play, pack_dir, people, strangers, templates, cohort_of(others, features, pack.model_id))
    batches = [range(start, min(start + 5, given.sessions)) for start in range(0, given.sessions, 5)]
    outcomes: list[Outcome] = []
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for some in pool.map(run, batches):
            outcomes += some
            say(f"held {len(outcomes)} of {given.sessions} sessions")
    return outcomes


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("training.evaluate_classroom", __doc__)
    parser.add_argument("--people", type=Path, required=True, help="students: 4 photos or more")
    parser.add_argument("--strangers", type=Path, required=True)
    parser.add_argument("--cohort", type=Path, help="people enrolled elsewhere")
    parser.add_argument("--sessions", type=at_least(1), default=200, help="default: %(default)s")
    add_cache(parser)
    add_out(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
