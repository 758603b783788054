"""A class played through the recogniser alone, without cameras, queues or tables: who is enrolled, who is seen."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chalicelib.domain.sightings import Decision, Sighting
from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.recogniser import Recogniser
from infra.demo.identity import Identity
from infra.demo.scenes import Frame, classroom_frame, registration_video, same_place

FRAMES = 13
FACES_PER_FRAME = 6
STRANGERS = 2


@dataclass(frozen=True)
class Cast:
    """Who is enrolled, and who only walks in."""

    students: tuple[Identity, ...]
    strangers: tuple[Identity, ...]

    @property
    def everybody(self) -> tuple[Identity, ...]:
        return (*self.students, *self.strangers)


@dataclass(frozen=True)
class Seen:
    """One face placed in a frame; `sighting` is None if no face was found there."""

    person: Identity
    enrolled: bool
    sighting: Sighting | None


@dataclass(frozen=True)
class Rehearsal:
    """What came of a class. `extra`: faces found where nobody was placed."""

    cast: Cast
    views_kept: dict[str, int]
    seen: tuple[Seen, ...]
    extra: int

    @property
    def found(self) -> int:
        return sum(each.sighting is not None for each in self.seen)

    @property
    def wrong(self) -> int:
        """Students accepted as somebody else."""
        return sum(each.enrolled and _accepted(each) not in (None, each.person.name) for each in self.seen)

    @property
    def strangers_accepted(self) -> int:
        return sum(not each.enrolled and _accepted(each) is not None for each in self.seen)

    @property
    def present(self) -> frozenset[str]:
        """Students accepted as themselves at least once."""
        return frozenset(
            each.person.name for each in self.seen if each.enrolled and _accepted(each) == each.person.name
        )


def draw_cast(identities: Sequence[Identity], seed: int, strangers: int = STRANGERS) -> Cast:
    """The seed draws who is a stranger."""
    order = np.random.default_rng((seed, 4)).permutation(len(identities))
    drawn = [identities[index] for index in order]
    return Cast(tuple(drawn[strangers:]), tuple(drawn[:strangers]))


def seating(count: int, frames: int, per_frame: int, seed: int) -> list[tuple[int, ...]]:
    """Who is in each frame: everybody once before anybody twice, nobody twice in one frame."""
    rng = np.random.default_rng((seed, 5))
    waiting: list[int] = []
    plan = []
    for _ in range(frames):
        here: list[int] = []
        while len(here) < min(per_frame, count):
            waiting = waiting or rng.permutation(count).tolist()
            following = next((each for each in waiting if each not in here), None)
            if following is None:
                waiting += [each for each in rng.permutation(count).tolist() if each not in here]
                continue
            waiting.remove(following)
            here.append(following)
        plan.append(tuple(here))
    return plan


def enrol(
    recogniser: Recogniser, people: Sequence[Identity], seed: int, occasions: int = 1
) -> list[Template]:
    """Templates from one registration video for each occasion."""
    templates = []
    for person in people:
        kept = []
        for number in range(occasions):
            views = recogniser.extract_views([registration_video(person, 100 * seed + number)])
            if views.embeddings:
                kept.append(Occasion(f"r{number}", views.embeddings))
        if kept:
            templates.append(Template(person.name, recogniser.model_id, tuple(kept)))
    return templates


def frames_of(
    cast: Cast, seed: int, frames: int = FRAMES, per_frame: int = FACES_PER_FRAME
) -> Iterator[tuple[list[Identity], Frame]]:
    """The class's frames, each with those who were placed in it."""
    for number, indices in enumerate(seating(len(cast.everybody), frames, per_frame, seed)):
        people = [cast.everybody[index] for index in indices]
        yield people, classroom_frame(people, 1000 * seed + number)


def rehearse(
    recogniser: Recogniser, cast: Cast, seed: int, frames: int = FRAMES, per_frame: int = FACES_PER_FRAME
) -> Rehearsal:
    """Enrol the students by video, then recognise every frame."""
    templates = enrol(recogniser, cast.students, seed)
    seen, extra = watch(recogniser, templates, cast, frames_of(cast, seed, frames, per_frame))
    kept = Counter({person.name: 0 for person in cast.students})
    kept.update({each.person_id: len(each.occasions[0].embeddings) for each in templates})
    return Rehearsal(cast, dict(kept), seen, extra)


def watch(
    recogniser: Recogniser,
    templates: Sequence[Template],
    cast: Cast,
    scenes: Iterator[tuple[list[Identity], Frame]],
) -> tuple[tuple[Seen, ...], int]:
    """What the recogniser says of each face placed, and how many faces it found where there is none."""
    gallery = recogniser.gallery(templates)
    seen, extra = [], 0
    for people, frame in scenes:
        sightings = recogniser.recognise(frame.jpeg, gallery).sightings
        found = 0
        for placed in frame.placed:
            here = next((each for each in sightings if same_place(each.box, placed.box)), None)
            found += here is not None
            person = people[placed.index]
            seen.append(Seen(person, person in cast.students, here))
        extra += len(sightings) - found
    return tuple(seen), extra


def _accepted(seen: Seen) -> str | None:
    sighting = seen.sighting
    return sighting.candidate if sighting and sighting.decision is Decision.ACCEPTED else None
