"""A sighting: one face found in a frame, with its best candidate on the roster and what was decided."""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.quality import CameraHealth, Reason


class Decision(StrEnum):
    """What the similarity and the margin allow to be said of a face."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Box:
    """A face's place in the upright picture, in pixels from its top left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Sighting:
    """One face (ISO 2382-37: a probe) with its candidate. Higher is closer.

    `candidate` is None when the gallery is empty or a better face of the same frame holds the person. `similarity` is a
    cosine; `score` is what the threshold is applied to: the similarity, or the similarity normalised against a cohort.
    `margin` is the score less that of the runner-up person; with one person in the gallery, it is the score.
    `confidence`: the probability, 0..1, that the face is the candidate, at the deployment's share of strangers.
    `reasons` says what is wrong with the view, the gravest first; they are empty from a `quality` of one half on.
    """

    box: Box
    detection: float
    quality: float
    candidate: str | None
    similarity: float
    score: float
    margin: float
    threshold: float
    confidence: float
    decision: Decision
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What one picture shows: its faces, the largest first, and how its camera does."""

    sightings: tuple[Sighting, ...]
    health: CameraHealth
