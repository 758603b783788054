"""Who a face is, among the roster's templates: open-set, one person per face and one face per person.

Each face has one candidate, its best. If two faces of a frame have the same (a mirror, a poster, a stranger
who resembles), the more similar one holds the person; the other gets no candidate instead of its second best,
which has a better person before it and could never be accepted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.errors import TemplateRefused
from chalicelib.domain.sightings import Decision
from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.learned import Learned, Projection
from chalicelib.vision.normalisation import normalised, reference_rivalry
from chalicelib.vision.thresholds import Rivals

Rows = NDArray[np.float32]


class Operating(Protocol):
    """What a model declares of its scores for one gallery; by enrolment count, as averaging raises strangers' too."""

    @property
    def margin(self) -> float: ...
    @property
    def lookalike_margin(self) -> float: ...
    def accept(self, enrolment_count: int) -> float: ...
    def review(self, enrolment_count: int) -> float: ...
    def confidence(self, score: float, enrolment_count: int, stranger_share: float) -> float: ...


@dataclass(frozen=True, eq=False)
class Gallery:
    """The templates of a roster for one model, sorted by person, so that their order never decides anything.

    pack_id: of the pack that made them. learned: the model that scores faces by them; without one (a trial's gallery)
    raw embeddings are compared. dimension: of the raw embeddings; references and cohort have that of the projected.
    references: (n, d) float32, unit norm, one row per person. cohort: (c, d), other people's, against whom scores are
    normalised; none if there are not as many as the model asks for. rivalry: (n,) of the references.
    lookalikes: of each person, the places of those on the roster from whom a human told the person apart.
    """

    pack_id: str
    learned: Learned | None
    dimension: int
    person_ids: tuple[str, ...]
    references: Rows
    enrolment_counts: tuple[int, ...]
    cohort: Rows
    rivalry: Rows
    rivals: Rivals | None
    lookalikes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(
        cls,
        templates: Sequence[Template],
        pack_id: str,
        dimension: int,
        rivals: Rivals | None = None,
        cohort: Sequence[Template] = (),
        lookalikes: Mapping[str, frozenset[str]] = MappingProxyType({}),
        learned: Learned | None = None,
    ) -> "Gallery":
        """Raises TemplateRefused: another model or dimension, a person twice, no direction."""
        project = None if learned is None else learned.projection
        ordered = sorted(templates, key=lambda template: template.person_id)
        person_ids = tuple(template.person_id for template in ordered)
        on_roster = frozenset(person_ids)
        if len(on_roster) < len(person_ids):
            raise TemplateRefused("A person has two templates; their margin to themselves would be nothing.")
        references = _references(ordered, pack_id, dimension, project)
        others = [template for template in cohort if template.person_id not in on_roster]
        normalising = rivals if rivals is not None and len(others) >= rivals.cohort else None
        used = _references(others[: normalising.cohort] if normalising else [], pack_id, dimension, project)
        return cls(
            pack_id=pack_id,
            learned=learned,
            dimension=dimension,
            person_ids=person_ids,
            references=references,
            enrolment_counts=tuple(template.enrolment_count for template in ordered),
            cohort=used,
            rivalry=reference_rivalry(references, used, normalising.nearest)
            if normalising
            else np.empty(0, np.float32),
            rivals=normalising,
            lookalikes=_lookalikes(person_ids, lookalikes),
        )

    @property
    def model_id(self) -> str:
        return self.pack_id if self.learned is None else self.learned.model_id

    @property
    def normalises(self) -> bool:
        return self.rivals is not None


@dataclass(frozen=True)
class Match:
    """One face's best candidate. Fields as in a Sighting."""

    candidate: str | None
    similarity: float
    score: float
    margin: float
    threshold: float
    confidence: float
    decision: Decision


def reference(template: Template, pack_id: str, dimension: int, project: Projection | None = None) -> Rows:
    """(d,) unit norm: the mean of the occasions' means, so that a long clip weighs as one photo.

    Views are projected one by one, before any mean. Raises TemplateRefused.
    """
    if template.model_id != pack_id:
        raise TemplateRefused(f"A template of model {template.model_id} in a gallery of {pack_id}.")
    if not template.occasions:
        raise TemplateRefused("A template without an occasion.")
    views = [_views(occasion, dimension) for occasion in template.occasions]
    if project is not None:
        views = [project(each) for each in views]
    return _unit_mean(np.stack([_unit_mean(each) for each in views]))


def scored(embeddings: NDArray[np.float32], gallery: Gallery) -> tuple[Rows, Rows]:
    """Similarities and scores, (m, n) each, of (m, dimension) unit-norm embeddings and the gallery's n people."""
    probes = np.asarray(embeddings, np.float32)
    if probes.ndim != 2 or probes.shape[1] != gallery.dimension:
        raise ValueError(f"embeddings are {probes.shape}, references are of {gallery.dimension}")
    if not np.isfinite(probes).all():
        raise ValueError("embeddings must be finite")
    if gallery.learned is not None and gallery.learned.projection is not None:
        probes = gallery.learned.projection(probes)
    similarities = probes @ gallery.references.T
    if gallery.rivals is None or not len(gallery.person_ids):
        return similarities, similarities
    return similarities, normalised(similarities, probes @ gallery.cohort.T, gallery.rivalry, gallery.rivals)


def similarities(template: Template, others: Sequence[Template], pack_id: str, dimension: int) -> Rows:
    """(n,) of a person's reference to those of n others, as the pack sees them: nothing learned is applied.

    Raises TemplateRefused.
    """
    return _references(others, pack_id, dimension) @ reference(template, pack_id, dimension)


def match(
    embeddings: NDArray[np.float32], gallery: Gallery, thresholds: Operating, stranger_share: float
) -> list[Match]:
    """One Match per row of `embeddings`, (m, dimension) unit norm, in their order.

    Of faces with the same score for one person the first holds it: detectors give the largest first.
    """
    similarities, scores = scored(embeddings, gallery)
    if not gallery.person_ids:
        nobody = Match(None, 0.0, 0.0, 0.0, thresholds.accept(1), 0.0, Decision.UNKNOWN)
        return [nobody] * len(embeddings)
    best = scores.argmax(axis=1)
    holders = _holders(scores, best)
    return [
        _decided(
            float(similarities[face, person]),
            scores[face],
            int(person),
            gallery,
            thresholds,
            stranger_share,
            holds=holders[person] == face,
        )
        for face, person in enumerate(best)
    ]


def _holders(scores: Rows, best: NDArray[np.intp]) -> dict[int, int]:
    """The face that holds each person who is some face's best candidate."""
    holders: dict[int, int] = {}
    for face in np.argsort(-scores[np.arange(len(best)), best], kind="stable"):
        holders.setdefault(int(best[face]), int(face))
    return holders


def _decided(
    similarity: float,
    scores: Rows,
    person: int,
    gallery: Gallery,
    thresholds: Operating,
    stranger_share: float,
    *,
    holds: bool,
) -> Match:
    score = float(scores[person])
    others = np.delete(scores, person)
    margin = score - float(others.max()) if others.size else score
    count = gallery.enrolment_counts[person]
    accept = thresholds.accept(count)
    if not holds or score < thresholds.review(count):
        decision = Decision.UNKNOWN
    elif (
        score >= accept
        and margin >= thresholds.margin
        and stands_apart(scores, person, gallery, thresholds.lookalike_margin)
    ):
        decision = Decision.ACCEPTED
    else:
        decision = Decision.REVIEW
    return Match(
        candidate=gallery.person_ids[person] if holds else None,
        similarity=similarity,
        score=score,
        margin=margin,
        threshold=accept,
        confidence=thresholds.confidence(score, count, stranger_share) if holds else 0.0,
        decision=decision,
    )


def stands_apart(scores: Rows, person: int, gallery: Gallery, lookalike_margin: float) -> bool:
    """Whether a face with these (n,) scores is that much more like the person than like any of their look-alikes."""
    return all(scores[person] - scores[other] >= lookalike_margin for other in gallery.lookalikes[person])


def _lookalikes(
    person_ids: tuple[str, ...], declared: Mapping[str, frozenset[str]]
) -> tuple[tuple[int, ...], ...]:
    """Whoever of a pair names the other, each is the other's look-alike."""
    pairs = {(person, other) for person, others in declared.items() for other in others}
    both = pairs | {(other, person) for person, other in pairs}
    place = {person_id: number for number, person_id in enumerate(person_ids)}
    return tuple(
        tuple(sorted(place[other] for person, other in both if person == person_id and other in place))
        for person_id in person_ids
    )


def _references(
    templates: Sequence[Template], pack_id: str, dimension: int, project: Projection | None = None
) -> Rows:
    """(n, d), in the order of the templates."""
    rows = [reference(template, pack_id, dimension, project) for template in templates]
    if rows:
        return np.array(rows, np.float32)
    nobody = np.empty((0, dimension), np.float32)
    return nobody if project is None else project(nobody)


def _views(occasion: Occasion, dimension: int) -> Rows:
    """(views, dimension), as they are stored."""
    if not occasion.embeddings:
        raise TemplateRefused("An occasion without a view.")
    if any(len(view) != 4 * dimension for view in occasion.embeddings):
        raise TemplateRefused(f"A view that is not {dimension} float32 values.")
    return np.stack([np.frombuffer(view, "<f4") for view in occasion.embeddings])


def _unit_mean(rows: NDArray[np.floating]) -> Rows:
    mean: Rows = rows.mean(axis=0, dtype=np.float32)
    norm = float(np.linalg.norm(mean))
    if not np.isfinite(norm) or norm < 1e-6:
        raise TemplateRefused("Views that are not numbers, or cancel each other out.")
    return mean / norm
