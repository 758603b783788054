"""The attendance record: one per (session, person). Status is a pure function of stored facts.

Every merge takes the minimum, the maximum or the best of what is there and what is new. So merges commute, may be
repeated, and the record is the same in whatever order frames are processed.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.sightings import Box, Decision, Sighting


class Status(StrEnum):
    UNSEEN = "unseen"
    PRESENT = "present"
    ABSENT = "absent"


class Source(StrEnum):
    """How a face came to be compared with a person."""

    SIGHTING = "sighting"  # with everybody on the roster
    CLAIM = "claim"  # with this person alone, who said "that is me"


@dataclass(frozen=True)
class Evidence:
    """Why a person is, or may be, present: one sighting with the figures that decided it."""

    frame_id: str
    model_id: str
    box: Box
    similarity: float
    score: float
    margin: float
    threshold: float
    confidence: float
    source: Source = Source.SIGHTING

    @property
    def rank(self) -> tuple[float, str]:
        """Best by how far the score is above its threshold, which compares across kinds of scores and models.

        The frame id breaks a tie the same way in every order.
        """
        return (self.score - self.threshold, self.frame_id)


@dataclass(frozen=True)
class AttendanceRecord:
    """The facts of one person in one session.

    `last_seen` is kept to the minute, so that a person in every frame costs one write a minute and not one a frame.
    `proposal` is the best sighting that a human should look at; it marks nobody present. `refused_claim` is the best
    claim that was refused: a human who looks at it may see more. `contested_frames`: another person's claim to the face
    that this person was credited with was accepted there; whether this person was present is for a human to say.
    """

    session_id: str
    person_id: str
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    evidence: Evidence | None = None
    proposal: Evidence | None = None
    closed_at: datetime | None = None
    refused_claim: Evidence | None = None
    contested_frames: frozenset[str] = frozenset()
    revision: int = 0

    @property
    def status(self) -> Status:
        if self.first_seen is not None:
            return Status.PRESENT
        return Status.UNSEEN if self.closed_at is None else Status.ABSENT


def evidence_of(sighting: Sighting, frame_id: str, model_id: str) -> Evidence:
    return Evidence(
        frame_id=frame_id,
        model_id=model_id,
        box=sighting.box,
        similarity=sighting.similarity,
        score=sighting.score,
        margin=sighting.margin,
        threshold=sighting.threshold,
        confidence=sighting.confidence,
    )


def sighted(
    record: AttendanceRecord, decision: Decision, evidence: Evidence, at: datetime
) -> AttendanceRecord:
    """The record with one more sighting. Only `accepted` marks a person present; `review` proposes."""
    if decision is Decision.REVIEW:
        return replace(record, proposal=_best(record.proposal, evidence))
    if decision is not Decision.ACCEPTED:
        return record
    minute = at.replace(second=0, microsecond=0)
    return replace(
        record,
        first_seen=at if record.first_seen is None else min(record.first_seen, at),
        last_seen=minute if record.last_seen is None else max(record.last_seen, minute),
        evidence=_best(record.evidence, evidence),
    )


def session_closed(record: AttendanceRecord, at: datetime) -> AttendanceRecord:
    """The record once its session has closed: who is unseen by then is absent, until a late frame says otherwise."""
    return replace(record, closed_at=at if record.closed_at is None else min(record.closed_at, at))


def _best(stored: Evidence | None, new: Evidence) -> Evidence:
    return new if stored is None or new.rank > stored.rank else stored
