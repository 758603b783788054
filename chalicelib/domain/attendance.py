"""The attendance record: one per (session, person). Status is a pure function of stored facts.

What cameras, codes and the clockwork add is a minimum, a maximum or a best: such merges commute and may be repeated.
What a person decides outranks them; of two decisions the later one stands, as the record's revisions order them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.sessions import Session
from chalicelib.domain.sightings import Box, Decision, Sighting


class Status(StrEnum):
    UNSEEN = "unseen"
    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"
    EXCUSED = "excused"

    @property
    def attended(self) -> bool:
        return self in (Status.PRESENT, Status.LATE)


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
    def rank(self) -> tuple[float, str, float, float]:
        """Best by how far the score is above its threshold, which compares across kinds of scores and models.

        The rest breaks a tie the same way in every order.
        """
        return (self.score - self.threshold, self.frame_id, self.score, self.similarity)


@dataclass(frozen=True)
class Proposal:
    """A sighting that marks nobody until a human confirms it."""

    evidence: Evidence
    seen_at: datetime


@dataclass(frozen=True)
class Mark:
    """What a human decided. A confirmation has no status of its own: it says that the person was there `seen_at`."""

    by: str
    at: datetime
    status: Status | None = None
    reason: str | None = None
    evidence: Evidence | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True)
class AttendanceRecord:
    """The facts of one person in one session.

    `last_seen` is kept to the minute, so that a person in every frame costs one write a minute and not one a frame.
    `proposals`: of the sightings that await a human, each that was better than all before it, the earliest first.
    `rejected`: the best evidence that a human has turned down; nothing up to its rank is proposed again.
    `watched`: a camera of the session could see. Without that, not having been seen says nothing; nor does it while
    a proposal is open, which a human has to confirm or turn down.
    `refused_claim`: the best claim that was refused; a human who looks at it may see more. `contested_frames`: there
    another person's claim to the face that this one was credited with was accepted; a human says who came.
    """

    session_id: str
    person_id: str
    starts_at: datetime | None = None
    late_after: datetime | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    evidence: Evidence | None = None
    proposals: tuple[Proposal, ...] = ()
    rejected: Evidence | None = None
    checked_in_at: datetime | None = None
    mark: Mark | None = None
    closed_at: datetime | None = None
    watched: bool = False
    refused_claim: Evidence | None = None
    contested_frames: frozenset[str] = frozenset()
    revision: int = 0

    @property
    def status(self) -> Status:
        if self.mark is not None and self.mark.status is not None:
            return self.mark.status
        if self.since is not None:
            late = self.late_after is not None and self.since >= self.late_after
            return Status.LATE if late else Status.PRESENT
        over = self.closed_at is not None and self.watched
        return Status.ABSENT if over and self.proposal is None else Status.UNSEEN

    @property
    def since(self) -> datetime | None:
        """When the person was first there, by camera, by code or by confirmation."""
        confirmed = None if self.mark is None else self.mark.seen_at
        times = (self.first_seen, self.checked_in_at, confirmed)
        return min((time for time in times if time is not None), default=None)

    @property
    def until(self) -> datetime | None:
        """When the person was last there, as far as is known; None if never."""
        return None if self.since is None else max(self.since, self.last_seen or self.since)

    @property
    def minutes(self) -> int | None:
        """Attended: an estimate, between the first and the last look, from the scheduled start on; None if not there.

        Nobody is watched for leaving: who was seen once has 0 minutes, and a mark by hand says nothing of how long.
        """
        if self.since is None or self.until is None or not self.status.attended:
            return None
        from_ = self.since if self.starts_at is None else max(self.since, self.starts_at)
        return max(0, round((self.until - from_).total_seconds() / 60))

    @property
    def open_proposals(self) -> tuple[Proposal, ...]:
        """Those that no human has turned down."""
        return tuple(
            proposal
            for proposal in self.proposals
            if self.rejected is None or proposal.evidence.rank > self.rejected.rank
        )

    @property
    def proposal(self) -> Evidence | None:
        """The best of what is proposed."""
        return self.open_proposals[-1].evidence if self.open_proposals else None

    @property
    def awaits_confirmation(self) -> bool:
        return self.proposal is not None and self.mark is None and self.since is None


def blank_record(session: Session, person_id: str) -> AttendanceRecord:
    return in_session(AttendanceRecord(session.session_id, person_id), session)


def in_session(record: AttendanceRecord, session: Session) -> AttendanceRecord:
    """The record with what it must know of its session to tell its status; these never change."""
    return replace(record, starts_at=session.starts_at, late_after=session.late_after)


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
    record: AttendanceRecord,
    decision: Decision,
    evidence: Evidence,
    at: datetime,
    *,
    only_propose: bool = False,
) -> AttendanceRecord:
    """The record with one more sighting. Only `accepted` marks a person present, and not where humans confirm."""
    if decision is Decision.UNKNOWN:
        return record
    minute = at.replace(second=0, microsecond=0)
    if decision is Decision.ACCEPTED:
        last = minute if record.last_seen is None else max(record.last_seen, minute)
        record = replace(record, last_seen=last)
    if decision is Decision.REVIEW or only_propose:
        return replace(record, proposals=_ever_better((*record.proposals, Proposal(evidence, at))))
    return replace(
        record,
        first_seen=_earlier(record.first_seen, at),
        evidence=_better(record.evidence, evidence),
    )


def checked_in(record: AttendanceRecord, at: datetime) -> AttendanceRecord:
    """The record of who typed the code shown in class; typing it again changes nothing."""
    return replace(record, checked_in_at=_earlier(record.checked_in_at, at))


def session_closed(record: AttendanceRecord, at: datetime, *, watched: bool) -> AttendanceRecord:
    """The record once its session has closed: who was watched for and is unseen is absent, until a late frame comes."""
    return replace(record, closed_at=_earlier(record.closed_at, at), watched=record.watched or watched)


def marked(record: AttendanceRecord, mark: Mark) -> AttendanceRecord:
    """The record as a human corrects it: it outranks what machines saw and will see."""
    return replace(record, mark=mark)


def mark_cleared(record: AttendanceRecord) -> AttendanceRecord:
    """The record without a human's decision: what cameras and codes say counts again."""
    return replace(record, mark=None)


def confirmation_of(record: AttendanceRecord, by: str, at: datetime) -> Mark | None:
    """That the best proposal shows the person, who was there since the earliest that would have been accepted."""
    if not record.open_proposals:
        return None
    best = record.open_proposals[-1]
    sure = (each for each in record.open_proposals if each.evidence.score >= each.evidence.threshold)
    return Mark(by=by, at=at, evidence=best.evidence, seen_at=next(sure, best).seen_at)


def proposal_rejected(record: AttendanceRecord, evidence: Evidence) -> AttendanceRecord:
    """The record with evidence turned down; a confirmation of nothing better falls with it."""
    rejected = _better(record.rejected, evidence)
    mark = record.mark
    falls = mark is not None and mark.evidence is not None and mark.evidence.rank <= rejected.rank
    return replace(record, rejected=rejected, mark=None if falls else mark)


def _earlier(stored: datetime | None, new: datetime) -> datetime:
    return new if stored is None else min(stored, new)


def _better(stored: Evidence | None, new: Evidence) -> Evidence:
    return new if stored is None or new.rank > stored.rank else stored


def _ever_better(proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
    """Each that outranks all earlier ones: few, and the same in whatever order they came.

    So the best is known, and when the person was there first, also after some have been rejected.
    """
    kept: list[Proposal] = []
    by_rank = sorted(proposals, key=lambda proposal: proposal.evidence.rank, reverse=True)
    for proposal in sorted(by_rank, key=lambda proposal: proposal.seen_at):
        if not kept or proposal.evidence.rank > kept[-1].evidence.rank:
            kept.append(proposal)
    return tuple(kept)
