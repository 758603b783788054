"""Who a face is, among the roster's templates: open-set, one person per face and one face per person.

Each face has one candidate, its best. If two faces of a frame have the same (a mirror, a poster, a stranger
who resembles), the more similar one holds the person; the other gets no candidate instead of its second best,
which has a better person before it and could never be accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.errors import TemplateRefused
from chalicelib.domain.sightings import Decision
from chalicelib.domain.templates import Occasion, Template

Rows = NDArray[np.float64]


class Thresholds(Protocol):
    """What a model declares of its scores; by enrolment count, as averaging occasions raises strangers' scores."""

    @property
    def margin(self) -> float: ...
    def accept(self, enrolment_count: int) -> float: ...
    def review(self, enrolment_count: int) -> float: ...


@dataclass(frozen=True, eq=False)
class Gallery:
    """The templates of a roster for one model, sorted by person, so that their order never decides anything.

    references: (n, dimension) float64, unit norm, one row per person.
    """

    model_id: str
    person_ids: tuple[str, ...]
    references: Rows
    enrolment_counts: tuple[int, ...]

    @classmethod
    def of(cls, templates: Sequence[Template], model_id: str, dimension: int) -> "Gallery":
        """Raises TemplateRefused: another model or dimension, a person twice, no direction."""
        ordered = sorted(templates, key=lambda template: template.person_id)
        person_ids = tuple(template.person_id for template in ordered)
        if len(set(person_ids)) < len(person_ids):
            raise TemplateRefused("A person has two templates; their margin to themselves would be nothing.")
        references = [reference(template, model_id, dimension) for template in ordered]
        return cls(
            model_id=model_id,
            person_ids=person_ids,
            references=np.array(references, np.float64).reshape(len(ordered), dimension),
            enrolment_counts=tuple(template.enrolment_count for template in ordered),
        )


@dataclass(frozen=True)
class Match:
    """One face's best candidate. Fields as in a Sighting."""

    candidate: str | None
    similarity: float
    score: float
    margin: float
    threshold: float
    decision: Decision


def reference(template: Template, model_id: str, dimension: int) -> Rows:
    """(dimension,) unit norm: the mean of the occasions' means, so that a long clip weighs as one photo.

    Raises TemplateRefused.
    """
    if template.model_id != model_id:
        raise TemplateRefused(f"A template of model {template.model_id} in a gallery of {model_id}.")
    if not template.occasions:
        raise TemplateRefused("A template without an occasion.")
    return _unit_mean(np.stack([_occasion_mean(occasion, dimension) for occasion in template.occasions]))


def match(embeddings: NDArray[np.float32], gallery: Gallery, thresholds: Thresholds) -> list[Match]:
    """One Match per row of `embeddings`, (m, dimension) unit norm, in their order.

    Of faces equally similar to one person the first holds it: detectors give the largest first.
    """
    probes = np.asarray(embeddings, np.float64)
    if probes.ndim != 2 or probes.shape[1] != gallery.references.shape[1]:
        raise ValueError(f"embeddings are {probes.shape}, references {gallery.references.shape}")
    if not np.isfinite(probes).all():
        raise ValueError("embeddings must be finite")
    if not gallery.person_ids:
        nobody = Match(None, 0.0, 0.0, 0.0, thresholds.accept(1), Decision.UNKNOWN)
        return [nobody] * len(probes)
    similarities = probes @ gallery.references.T
    best = similarities.argmax(axis=1)
    holders = _holders(similarities, best)
    return [
        _decided(row, int(person), gallery, thresholds, holds=holders[person] == face)
        for face, (row, person) in enumerate(zip(similarities, best, strict=True))
    ]


def _holders(similarities: Rows, best: NDArray[np.intp]) -> dict[int, int]:
    """The face that holds each person who is some face's best candidate."""
    holders: dict[int, int] = {}
    for face in np.argsort(-similarities[np.arange(len(best)), best], kind="stable"):
        holders.setdefault(int(best[face]), int(face))
    return holders


def _decided(row: Rows, person: int, gallery: Gallery, thresholds: Thresholds, *, holds: bool) -> Match:
    similarity = float(row[person])
    score = similarity
    others = np.delete(row, person)
    margin = score - float(others.max()) if others.size else score
    count = gallery.enrolment_counts[person]
    accept = thresholds.accept(count)
    if not holds or score < thresholds.review(count):
        decision = Decision.UNKNOWN
    elif score >= accept and margin >= thresholds.margin:
        decision = Decision.ACCEPTED
    else:
        decision = Decision.REVIEW
    return Match(gallery.person_ids[person] if holds else None, similarity, score, margin, accept, decision)


def _occasion_mean(occasion: Occasion, dimension: int) -> Rows:
    """(dimension,) unit norm."""
    if not occasion.embeddings:
        raise TemplateRefused("An occasion without a view.")
    if any(len(view) != 4 * dimension for view in occasion.embeddings):
        raise TemplateRefused(f"A view that is not {dimension} float32 values.")
    views = np.stack([np.frombuffer(view, "<f4") for view in occasion.embeddings]).astype(np.float64)
    return _unit_mean(views)


def _unit_mean(rows: Rows) -> Rows:
    mean: Rows = rows.mean(axis=0)
    norm = float(np.linalg.norm(mean))
    if not np.isfinite(norm) or norm < 1e-6:
        raise TemplateRefused("Views that are not numbers, or cancel each other out.")
    return mean / norm
