"""What a school's people teach: a projection, if one pays, and the thresholds of what was chosen.

The learning side is divided once more. A cohort is set apart, so that nobody is compared with people from whom a
projection was learned. Projections are learned from one half of the rest and chosen on the other by their FNIR at the
promised FPIR; no projection wins every tie. Its thresholds are measured on that other half too, as scores of people
whom a projection knows are no others' scores; without a projection they are measured on both.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.vision.learned import Learned
from chalicelib.vision.pack import Pack
from chalicelib.vision.thresholds import Thresholds, thresholds_of
from training.calibrate_site import LEAST_PEOPLE, filled_up
from training.head import fit_head
from training.identification import Judged, fnir_at_fpir
from training.photos import WrongSets
from training.projections import Labelled, Matrix, fit_wccn, labelled, projection_of
from training.school import School, enrolment_count_of, school_of
from training.segregate import Member, cohort_order, validates
from training.thresholds import DRAWS, RIVALS, SIZES, Material, choose_thresholds
from training.trials import COUNTS, draws

NONE = "none"
FITS: Mapping[str, Callable[[Labelled], Matrix]] = {"wccn": fit_wccn, "head": fit_head}
VALIDATION_DRAWS = 20
Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Parts:
    """cohort: others to compare with. learnt_with: the same, or nobody, if too few people would be left without it."""

    cohort: tuple[Member, ...]
    learnt_with: tuple[Member, ...]
    fit: tuple[Member, ...]
    validation: tuple[Member, ...]

    @property
    def shown(self) -> tuple[Member, ...]:
        return (*self.fit, *self.validation)


@dataclass(frozen=True, eq=False)
class Candidate:
    """matrix: None for no projection. validation_fnir: None if there was nobody to choose by."""

    kind: str
    matrix: Matrix | None
    validation_fnir: float | None


@dataclass(frozen=True, eq=False)
class Learnt:
    """thresholds: None if there were too few people; then nothing was learned. chosen: one of the candidates."""

    thresholds: Thresholds | None
    chosen: Candidate
    candidates: tuple[Candidate, ...]
    people: int
    registrations: int


def parts_of(members: Sequence[Member], pack: Pack, least_people: int = LEAST_PEOPLE) -> Parts:
    """Of the learning side. The cohort is of whoever comes first by a hash, as a school's is of anybody: people who
    registered once, as a cohort, let twice as many strangers pass a threshold that was measured with others.
    """
    wanted = pack.thresholds.rivals.cohort if pack.thresholds.rivals else 0
    willing = sorted((member.person_id for member in members if member.normalise), key=cohort_order)
    chosen = frozenset(willing[:wanted] if len(willing) >= wanted else ())
    cohort = tuple(member for member in members if member.person_id in chosen)
    rest = [member for member in members if member.person_id not in chosen]
    spared = _several(rest) >= least_people
    shown = rest if spared else members
    return Parts(
        cohort=cohort,
        learnt_with=cohort if spared else (),
        fit=tuple(member for member in shown if not validates(member.person_id)),
        validation=tuple(member for member in shown if validates(member.person_id)),
    )


def learn(
    parts: Parts,
    pack: Pack,
    say: Say,
    kinds: Sequence[str] = (NONE, *FITS),
    least_people: int = LEAST_PEOPLE,
) -> Learnt:
    """`kinds`: what may be chosen. Of fewer than `least_people` nothing is learned: the pack's thresholds stand."""
    registrations = sum(len(member.registrations) for member in parts.shown)
    if _several(parts.shown) < least_people:
        say(f"{_several(parts.shown)} people registered more than once: too few to learn from")
        nothing = Candidate(NONE, None, None)
        return Learnt(None, nothing, (nothing,), len(parts.shown), registrations)
    candidates = _candidates(parts, pack, kinds, least_people, say)
    chosen = min(candidates, key=lambda each: (each.validation_fnir or 0.0, each.kind != NONE))
    say(f"chosen: {chosen.kind}")
    measured_on = parts.shown if chosen.matrix is None else parts.validation
    thresholds = calibrated(measured_on, parts.learnt_with, pack, chosen.matrix, least_people, say)
    return Learnt(thresholds, chosen, candidates, len(parts.shown), registrations)


def calibrated(
    members: Sequence[Member],
    cohort: Sequence[Member],
    pack: Pack,
    matrix: Matrix | None,
    least_people: int = LEAST_PEOPLE,
    say: Say = lambda _line: None,
) -> Thresholds | None:
    """By roster size and enrolment count; None if these people give no thresholds that may be declared."""
    school, theirs = school_of(members), pack.thresholds
    enrolled = {person: enrolment_count_of(person, school.features) for person in school.people}
    counts = [n for n in COUNTS if sum(each >= n for each in enrolled.values()) >= least_people]
    if not counts:
        return None
    people = tuple(person for person, count in enrolled.items() if count >= counts[-1])
    material = Material(
        people,
        school.strangers,
        school.features,
        pack,
        sizes=(min(SIZES[0], len(people) // 5), min(SIZES[1], len(people) // 2)),
        counts=counts,
        number=DRAWS,
        learned=model_of(matrix, pack),
    )
    others = [member.template for member in cohort]
    try:
        chosen = choose_thresholds(material, others, theirs.promise, theirs.rivals or RIVALS)
        filled = filled_up(chosen, theirs, projected=matrix is not None)
        if matrix is None and filled.normalised is None:
            filled = replace(filled, normalised=theirs.normalised, rivals=theirs.rivals)
        return thresholds_of(replace(filled, duplicate=theirs.duplicate).as_json())
    except (WrongSets, ValueError) as error:
        say(f"no thresholds: {error}")
        return None


def model_of(matrix: Matrix | None, pack: Pack) -> Learned | None:
    """For trials, by the pack's thresholds."""
    if matrix is None:
        return None
    return replace(Learned.of(pack), projection=projection_of(matrix))


def _candidates(
    parts: Parts, pack: Pack, kinds: Sequence[str], least_people: int, say: Say
) -> tuple[Candidate, ...]:
    """A projection needs enough people to be learned from and to be calibrated on, also for normalised scores."""
    enough = _several(parts.fit) >= least_people and _several(parts.validation) >= least_people
    may = enough and (pack.thresholds.rivals is None or bool(parts.learnt_with))
    school = school_of(parts.validation)
    candidates = []
    for kind in (NONE, *(FITS if may else ())):
        if kind == NONE or kind in kinds:
            matrix = None if kind == NONE else FITS[kind](labelled(parts.fit))
            fnir = _validation_fnir(school, parts.learnt_with, pack, matrix)
            say(f"{kind}: validation FNIR {'unknown' if fnir is None else f'{fnir:.4f}'}")
            candidates.append(Candidate(kind, matrix, fnir))
    return tuple(candidates)


def _validation_fnir(
    school: School, cohort: Sequence[Member], pack: Pack, matrix: Matrix | None
) -> float | None:
    if len(school.people) < 4:
        return None
    drawn = list(
        draws(
            school.people,
            school.strangers,
            school.features,
            pack,
            count=COUNTS[-1],
            size=min(SIZES[1], len(school.people) // 2),
            rivals=pack.thresholds.rivals,
            cohort=[member.template for member in cohort],
            number=VALIDATION_DRAWS,
            learned=model_of(matrix, pack),
        )
    )
    subjects = (len(school.people), len(school.strangers))
    tops = Judged(drawn, [each.mated.top for each in drawn], [each.nonmated.top for each in drawn], subjects)
    return fnir_at_fpir(tops, pack.thresholds.promise.accept_fpir)


def _several(members: Sequence[Member]) -> int:
    """How many registered more than once."""
    return sum(len(member.registrations) > 1 for member in members)
