"""Claims: a person says that a face of a frame is theirs, and it is verified 1:1 against their template."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.attendance import AttendanceRecord, Evidence, Source
from chalicelib.domain.errors import FaceNotFound
from chalicelib.domain.frames import Frame
from chalicelib.domain.sightings import Box, Sighting


class ClaimState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"  # left to the instructor


@dataclass(frozen=True)
class Comparison:
    """One face compared with one person. Fields as in a Sighting; `threshold` is that of a claim."""

    model_id: str
    box: Box
    similarity: float
    score: float
    margin: float
    threshold: float
    confidence: float
    accepted: bool


@dataclass(frozen=True)
class Verdict:
    """What became of a claim. `code` says why it was refused; without a comparison nothing could be compared."""

    state: ClaimState
    code: str | None = None
    comparison: Comparison | None = None


@dataclass(frozen=True)
class Claim:
    """`face`: the place of its sighting in the frame's result, `box` where that is. `by`: who made the claim."""

    claim_id: str
    session_id: str
    frame_id: str
    face: int
    box: Box
    person_id: str
    by: str
    created_at: datetime
    verdict: Verdict | None = None

    @property
    def state(self) -> ClaimState:
        return ClaimState.PENDING if self.verdict is None else self.verdict.state


def claim_id_of(frame_id: str, face: int, person_id: str) -> str:
    """The same claim made again is the same claim."""
    digest = hashlib.sha256(f"{frame_id}#{face}#{person_id}".encode()).hexdigest()
    return f"clm_{digest[:32]}"


def face_at(frame: Frame, x: float, y: float) -> int:
    """The place of the sighting over a point of the picture; the smallest of several. Raises FaceNotFound."""
    sightings = () if frame.result is None else frame.result.sightings
    over = [number for number, sighting in enumerate(sightings) if _covers(sighting.box, x, y)]
    if not over:
        raise FaceNotFound(f"The frame shows no face at {x:g}, {y:g}.")
    return min(over, key=lambda number: _area(sightings[number].box))


def sighting_of(frame: Frame, face: int) -> Sighting:
    """Raises FaceNotFound."""
    sightings = () if frame.result is None else frame.result.sightings
    if not 0 <= face < len(sightings):
        raise FaceNotFound(f"The frame shows {len(sightings)} faces; there is none at place {face}.")
    return sightings[face]


def evidence_of_claim(claim: Claim, comparison: Comparison) -> Evidence:
    return Evidence(
        frame_id=claim.frame_id,
        model_id=comparison.model_id,
        box=comparison.box,
        similarity=comparison.similarity,
        score=comparison.score,
        margin=comparison.margin,
        threshold=comparison.threshold,
        confidence=comparison.confidence,
        source=Source.CLAIM,
    )


def claim_refused(record: AttendanceRecord, evidence: Evidence) -> AttendanceRecord:
    """The record with a refused claim for a human to look at: never a proposal, which may be confirmed unseen."""
    stored = record.refused_claim
    better = stored is None or evidence.rank > stored.rank
    return replace(record, refused_claim=evidence) if better else record


def contested(record: AttendanceRecord, frame_id: str) -> AttendanceRecord:
    """The record once another person's claim to the face that this one was credited with in a frame was accepted."""
    return replace(record, contested_frames=record.contested_frames | {frame_id})


def _covers(box: Box, x: float, y: float) -> bool:
    return box.left <= x <= box.left + box.width and box.top <= y <= box.top + box.height


def _area(box: Box) -> float:
    return box.width * box.height
