"""Set a pack's thresholds from one deployment's own people and cameras.

    python -m training.calibrate_site --people DIR --pack pypi --into build/packs/our-school

DIR holds a folder per person of pictures from the deployment's own cameras, taken on different days, of people whose
consent names evaluation: two or more each, four where possible. Everybody is enrolled in some rosters and a stranger to
others. With fewer than 100 people a threshold at an FPIR of 1 % would rest on chance: it is refused. Enrolment counts
for which the pictures do not suffice keep the pack's own distance from those that were measured. The new pack has a
model id of its own. Exits with 2 if the people are too few or the pack is refused.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from chalicelib.vision.pack import Pack, load_pack
from chalicelib.vision.thresholds import LARGEST_SCHOOL, Curve, Levels, Operating, Pair, Thresholds
from layers.packs.derive import derive_pack
from training.commands import REFUSALS, WRONG_CALL, parser_of, say
from training.features import look_at
from training.photos import Person, WrongSets, people_in
from training.thresholds import RIVALS, Material, below, choose_thresholds
from training.trials import COUNTS, Features, cohort_of

LEAST_PEOPLE = 100
LEAST_PHOTOS = 2


def calibrate_site(folder: Path, pack: Pack, into: Path) -> Pack:
    """The pack at `into`, with the nets of `pack`. Raises WrongSets, PackRefused."""
    people = people_in(folder, LEAST_PHOTOS)
    require_enough(people, folder)
    photos = [photo for person in people for photo in person.photos]
    thresholds = site_thresholds(people, look_at(photos, pack, say=say), pack)
    return derive_pack(pack.directory, into, into.name, thresholds)


def require_enough(people: Sequence[Person], folder: Path) -> None:
    """Raises WrongSets."""
    if len(people) < LEAST_PEOPLE:
        raise WrongSets(
            f"{folder} holds {len(people)} people with {LEAST_PHOTOS} pictures or more; fewer than {LEAST_PEOPLE} do "
            "not tell where one stranger in a hundred is accepted. The pack's own thresholds stand."
        )


def site_thresholds(people: Sequence[Person], features: Features, pack: Pack) -> Thresholds:
    """Of at least a hundred people. Raises WrongSets."""
    cohort, shown = _parts(people)
    counts = COUNTS[: min(len(person.photos) for person in shown) - 1]
    sizes = (len(shown) // 5, len(shown) // 2)
    material = Material(shown, shown, features, pack, sizes, counts, probes_from=counts[-1])
    return filled_up(choose_thresholds(material, cohort_of(cohort, features, pack.model_id)), pack.thresholds)


def filled_up(chosen: Thresholds, theirs: Thresholds, *, projected: bool = False) -> Thresholds:
    """What was measured, with the pack's distance to enrolment counts that were not.

    Where a projection drew scores together, or apart, that distance changes as much as the rise of confidences did.
    """
    return replace(
        chosen,
        plain=_for_all_counts(chosen.plain, theirs.plain, projected),
        normalised=chosen.normalised
        and _for_all_counts(chosen.normalised, theirs.normalised or theirs.plain, projected),
        duplicate=theirs.duplicate and _as_much_higher(theirs.duplicate, chosen.plain, theirs.plain),
    )


def _for_all_counts(measured: Levels, packs: Levels, projected: bool) -> Levels:
    """More photos raise strangers' scores: a threshold measured with fewer would let too many of them in."""
    last, at = max(measured.accept), Operating(packs, 120)
    missing = [count for count in COUNTS if count > last]
    scale = packs.confidence.slope / measured.confidence.slope if projected else 1.0

    def raised(curves: Mapping[int, Curve], of: Callable[[int], float]) -> dict[int, Curve]:
        steps = {count: _step(of, last, count, scale) for count in missing}
        known = curves[last]
        further = {
            n: Curve(round(known.at_30 + step, 4), round(known.at_120 + step, 4)) for n, step in steps.items()
        }
        return {**curves, **further}

    accept, review = raised(measured.accept, at.accept), raised(measured.review, at.review)
    return replace(
        measured,
        accept=accept,
        review={n: below(curve, accept[n]) for n, curve in review.items()},
        claim={
            **measured.claim,
            **{n: round(measured.claim[last] + _step(at.claim, last, n, scale), 4) for n in missing},
        },
    )


def _as_much_higher(duplicate: Mapping[Pair, Curve], measured: Levels, packs: Levels) -> dict[Pair, Curve]:
    """By how much people of one room are more alike than the pack's, never lower, and to be reached in any school."""
    room = 0.999 - max(curve.at(LARGEST_SCHOOL) for curve in duplicate.values())
    raised = min(room, max(0.0, Operating(measured, 120).accept(1) - Operating(packs, 120).accept(1)))
    return {
        pair: Curve(round(curve.at_30 + raised, 5), round(curve.at_120 + raised, 5))
        for pair, curve in duplicate.items()
    }


def _step(of: Callable[[int], float], start: int, count: int, scale: float) -> float:
    return round(max(0.0, of(count) - of(start)) * scale, 4)


def _parts(people: Sequence[Person]) -> tuple[Sequence[Person], Sequence[Person]]:
    """The cohort, if enough are left over for it, and the rest: on some rosters, and strangers to the others."""
    order = [people[each] for each in np.random.default_rng(0).permutation(len(people))]
    spare = RIVALS.cohort if len(order) >= RIVALS.cohort + LEAST_PEOPLE else 0
    return order[:spare], order[spare:]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = parser_of("training.calibrate_site", __doc__)
    parser.add_argument("--people", type=Path, required=True, help="a folder per person")
    parser.add_argument("--into", type=Path, required=True, help="the new pack's folder")
    given = parser.parse_args(arguments)
    try:
        derived = calibrate_site(given.people, load_pack(given.packs / given.pack), given.into)
    except REFUSALS as error:
        say(str(error))
        return WRONG_CALL
    print(json.dumps(derived.thresholds.as_json(), indent=2))
    print(f"built {given.into}: {derived.model_id}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
