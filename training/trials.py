"""Identification trials: galleries drawn from people, and what a model says of the faces of people in and not in them.

Scores and thresholds are those of the service (chalicelib.vision.matching). A face that was not found counts as a miss,
and so do all faces of a person who could not be enrolled.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.learned import Learned
from chalicelib.vision.matching import Gallery, scored
from chalicelib.vision.pack import Pack
from chalicelib.vision.recogniser import HOPELESS_QUALITY
from chalicelib.vision.thresholds import Operating, Rivals
from training.features import Seen
from training.photos import Person, WrongSets
from training.split import PROBES_FROM

Floats = NDArray[np.float64]
COUNTS = (1, 2, 3)
"""Enrolment counts: the first one, two and three photos of a person."""

Features = Mapping[Path, Seen | None]


@dataclass(frozen=True, eq=False)
class Faces:
    """What was said of m faces, each against one gallery; where no face was found, `top` is -inf.

    subject: (m,) whose face, as an index of the people or strangers given. right: (m,) the candidate is that person.
    top, margin: (m,) the best score, and what it is ahead of the runner-up's. count: (m,) the candidate's enrolments.
    hopeless: (m,) the view is too bad to mark anybody present, whatever its score.
    """

    subject: NDArray[np.intp]
    right: NDArray[np.bool_]
    top: Floats
    margin: Floats
    count: NDArray[np.intp]
    hopeless: NDArray[np.bool_]

    def excess(self, operating: Operating) -> Floats:
        """(m,) by how much each score is above its threshold; -inf where the margin or the view forbids accepting."""
        thresholds = np.array([operating.accept(count) for count in self.count])
        allowed = (self.margin >= operating.margin) & ~self.hopeless
        return np.where(allowed, self.top - thresholds, -np.inf)


@dataclass(frozen=True, eq=False)
class Draw:
    """One gallery: the faces of its people (mated) and of strangers (non-mated)."""

    people: tuple[Person, ...]
    gallery: Gallery
    mated: Faces
    nonmated: Faces


def template_of(person: Person, count: int, features: Features, model_id: str) -> Template | None:
    """Of the first `count` photos, each an occasion; None if no face was found in any: a failure to enrol."""
    seen = [found for photo in person.photos[:count] if (found := features[photo]) is not None]
    occasions = tuple(Occasion("photo", _views(each)) for each in seen)
    return Template(person.name, model_id, occasions) if occasions else None


def require_seen(whose: str, photos: Iterable[Path], features: Features) -> None:
    """Raises WrongSets if a face is found in none of the photos: there is nothing to measure."""
    if not any(features[photo] for photo in photos):
        raise WrongSets(f"No face is found in any photo of the {whose}.")


def _views(seen: Seen) -> tuple[bytes, ...]:
    return tuple(view.tobytes() for view in np.atleast_2d(np.asarray(seen.enrolling, "<f4")))


def cohort_of(people: Sequence[Person], features: Features, model_id: str) -> tuple[Template, ...]:
    """Of all their photos, in an order that does not depend on their names."""
    order = np.random.default_rng(0).permutation(len(people))
    found = (template_of(people[each], len(people[each].photos), features, model_id) for each in order)
    return tuple(template for template in found if template is not None)


def draws(
    people: Sequence[Person],
    strangers: Sequence[Person],
    features: Features,
    pack: Pack,
    *,
    count: int,
    size: int,
    rivals: Rivals | None = None,
    cohort: Sequence[Template] = (),
    number: int = 10,
    seed: int = 0,
    probes_from: int = PROBES_FROM,
    learned: Learned | None = None,
) -> Iterator[Draw]:
    """`number` galleries of exactly `size` people, drawn by the seed alone: every count meets the same ones.

    A stranger who is on a roster is none for it, so people may be given as strangers to each other. `learned`: a model
    of which nothing but its projection is used; none, and raw embeddings are compared. Raises WrongSets:
    fewer people than that, or too few of them with a face to be told apart.
    """
    if size > len(people):
        raise WrongSets(f"A gallery of {size} cannot be drawn from {len(people)} people.")
    for draw in range(number):
        chosen = np.random.default_rng((seed, size, draw)).permutation(len(people))[:size]
        gallery = gallery_of(
            [people[each] for each in chosen], features, pack, count, rivals, cohort, learned
        )
        if len(gallery.person_ids) < 2:
            raise WrongSets(f"Of {size} people drawn, fewer than two can be enrolled.")
        yield draw_of(people, chosen.tolist(), strangers, features, gallery, probes_from)


def gallery_of(
    people: Sequence[Person],
    features: Features,
    pack: Pack,
    count: int,
    rivals: Rivals | None = None,
    cohort: Sequence[Template] = (),
    learned: Learned | None = None,
) -> Gallery:
    """Of those who can be enrolled."""
    templates = (template_of(person, count, features, pack.model_id) for person in people)
    enrolled = [template for template in templates if template is not None]
    return Gallery.of(enrolled, pack.model_id, pack.embedder.dimension, rivals, cohort, learned=learned)


def draw_of(
    people: Sequence[Person],
    chosen: Sequence[int],
    strangers: Sequence[Person],
    features: Features,
    gallery: Gallery,
    probes_from: int = PROBES_FROM,
) -> Draw:
    """The probes of the `chosen` people, and the first photo of each stranger."""
    drawn = tuple(people[each] for each in chosen)
    on_roster = {person.name for person in drawn}
    probes = [(each, photo) for each in chosen for photo in people[each].photos[probes_from:]]
    looks = [
        (number, stranger.photos[0])
        for number, stranger in enumerate(strangers)
        if stranger.name not in on_roster
    ]
    return Draw(
        drawn, gallery, _faces(probes, people, features, gallery), _faces(looks, strangers, features, gallery)
    )


def _faces(
    probes: Sequence[tuple[int, Path]], owners: Sequence[Person], features: Features, gallery: Gallery
) -> Faces:
    found = [features[photo] for _, photo in probes]
    seen = np.array([each is not None for each in found], bool)
    embeddings = [each.embedding for each in found if each is not None]
    top, margin = np.full(len(probes), -np.inf), np.zeros(len(probes))
    best = np.zeros(len(probes), np.intp)
    if embeddings:
        _, scores = scored(np.stack(embeddings), gallery)
        best[seen] = scores.argmax(axis=1)
        ordered = np.partition(scores, -2, axis=1)[:, -2:].astype(np.float64)
        top[seen], margin[seen] = ordered[:, 1], ordered[:, 1] - ordered[:, 0]
    names, counts = np.array(gallery.person_ids), np.array(gallery.enrolment_counts, np.intp)
    mine = np.array([owners[owner].name for owner, _ in probes])
    return Faces(
        subject=np.array([owner for owner, _ in probes], np.intp),
        right=seen & (names[best] == mine),
        top=top,
        margin=margin,
        count=counts[best],
        hopeless=np.array([each is not None and each.quality < HOPELESS_QUALITY for each in found], bool),
    )
