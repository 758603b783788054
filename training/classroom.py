"""One session of a class: who is there, what its frames show, and what the register says of it in the end.

A roster of 30, of whom 20 % are absent; about 10 % of the people in the frames are strangers, one of them with as many
looks as students have. Photos 1 to 3 enrol; every further photo of a person is one look and is shown once. Afterwards a
human who makes no mistakes looks at one proposal for every ten students present, the best ones first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from chalicelib.domain.attendance import AttendanceRecord, Evidence, Status, evidence_of, sighted
from chalicelib.domain.sightings import Decision, Sighting
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.matching import Gallery
from chalicelib.vision.recogniser import Recogniser
from infra.demo.scenes import compose_photos, same_place
from training.photos import Person
from training.split import PROBES_FROM

ROSTER, ABSENT, STRANGERS = 30, 6, 3
FACES_PER_FRAME, MOST_LOOKS = 12, 5
PRESENT_PER_REVIEW = 10
_NOW = datetime(2026, 1, 1, tzinfo=UTC)  # order and time change nothing that is counted here

Look = tuple[str, Path]
"""Whose face, and the photo."""


@dataclass(frozen=True)
class Session:
    roster: tuple[str, ...]
    absent: frozenset[str]
    strangers: frozenset[str]
    frames: tuple[tuple[Look, ...], ...]


@dataclass(frozen=True)
class Outcome:
    """Students by name. wrongly_present: absent and marked. wrongly_unseen: there and not marked, after the review.
    swapped: there and marked, but by another's face. strangers_accepted: strangers by whom anybody was marked.
    """

    session: Session
    wrongly_present: tuple[str, ...]
    wrongly_unseen: tuple[str, ...]
    unseen_before_review: int
    swapped: tuple[str, ...]
    strangers_accepted: tuple[str, ...]
    reviewed: int
    faces_found: int


def may_be_shown(people: Sequence[Person], strangers: Sequence[Person]) -> list[Path]:
    """Every photo that some session draws."""
    of_people = [photo for person in people for photo in person.photos[: PROBES_FROM + MOST_LOOKS]]
    return of_people + [photo for person in strangers for photo in person.photos[:MOST_LOOKS]]


def draw_session(people: Sequence[Person], strangers: Sequence[Person], seed: int) -> Session:
    """Who has several looks among the strangers is drawn from the people of other rosters."""
    rng = np.random.default_rng((seed, 11))
    order = rng.permutation(len(people))
    roster = [people[each] for each in order[:ROSTER]]
    outsiders = [people[order[ROSTER]]] + [
        strangers[each] for each in rng.permutation(len(strangers))[: STRANGERS - 1]
    ]
    looks = [(person.name, photo) for person in roster[ABSENT:] for photo in _looks(person)]
    looks += [(person.name, photo) for person in outsiders for photo in person.photos[:MOST_LOOKS]]
    return Session(
        roster=tuple(person.name for person in roster),
        absent=frozenset(person.name for person in roster[:ABSENT]),
        strangers=frozenset(person.name for person in outsiders),
        frames=_frames([looks[each] for each in rng.permutation(len(looks))]),
    )


def hold(session: Session, recogniser: Recogniser, gallery: Gallery, seed: int) -> Outcome:
    """The session, frame by frame, through the recogniser and the register's own rules."""
    records = {name: AttendanceRecord("session", name) for name in session.roster}
    shows: dict[Evidence, str | None] = {}
    strangers_accepted: set[str] = set()
    found = 0
    for number, looks in enumerate(session.frames):
        for sighting, name in _sightings(looks, recogniser, gallery, 1000 * seed + number):
            found += name is not None
            if sighting.candidate is None:
                continue
            evidence = evidence_of(sighting, f"frame-{number}", recogniser.model_id)
            shows[evidence] = name
            record = records[sighting.candidate]
            records[sighting.candidate] = sighted(record, sighting.decision, evidence, _NOW)
            if name in session.strangers and sighting.decision is Decision.ACCEPTED:
                strangers_accepted.add(str(name))
    return _judged(session, records, shows, strangers_accepted, found)


def _judged(
    session: Session,
    records: dict[str, AttendanceRecord],
    shows: dict[Evidence, str | None],
    strangers_accepted: set[str],
    found: int,
) -> Outcome:
    marked = {name for name, record in records.items() if record.status is Status.PRESENT}
    there = [name for name in session.roster if name not in session.absent]
    proposals = {
        name: record.proposal
        for name, record in records.items()
        if name not in marked and record.proposal is not None
    }
    most = len(there) // PRESENT_PER_REVIEW
    reviewed = sorted(proposals, key=lambda name: proposals[name].rank, reverse=True)[:most]
    confirmed = {name for name in reviewed if shows[proposals[name]] == name}
    return Outcome(
        session=session,
        wrongly_present=tuple(sorted(marked & session.absent)),
        wrongly_unseen=tuple(name for name in there if name not in marked | confirmed),
        unseen_before_review=sum(name not in marked for name in there),
        swapped=tuple(name for name in there if _marked_by_another(records[name], shows)),
        strangers_accepted=tuple(sorted(strangers_accepted)),
        reviewed=len(reviewed),
        faces_found=found,
    )


def _marked_by_another(record: AttendanceRecord, shows: dict[Evidence, str | None]) -> bool:
    return record.evidence is not None and shows[record.evidence] != record.person_id


def _sightings(
    looks: Sequence[Look], recogniser: Recogniser, gallery: Gallery, seed: int
) -> Iterator[tuple[Sighting, str | None]]:
    """Each sighting of the composed frame, and whom it shows; None where nobody was placed."""
    frame = compose_photos([decode_picture(photo.read_bytes()) for _, photo in looks], seed)
    for sighting in recogniser.recognise(frame.jpeg, gallery).sightings:
        placed = (each for each in frame.placed if same_place(sighting.box, each.box))
        here = next(placed, None)
        yield sighting, None if here is None else looks[here.index][0]


def _looks(person: Person) -> tuple[Path, ...]:
    return person.photos[PROBES_FROM : PROBES_FROM + MOST_LOOKS]


def _frames(looks: Sequence[Look]) -> tuple[tuple[Look, ...], ...]:
    """Each look in the first frame that has room and does not show the person yet."""
    frames: list[list[Look]] = []
    for name, photo in looks:
        free = (
            frame
            for frame in frames
            if len(frame) < FACES_PER_FRAME and all(other != name for other, _ in frame)
        )
        frame = next(free, None)
        if frame is None:
            frames.append(frame := [])
        frame.append((name, photo))
    return tuple(tuple(frame) for frame in frames)
