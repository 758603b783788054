"""Registrations: one upload (a video, or photos) of one person, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.duplicates import Likeness


class RegistrationState(StrEnum):
    AWAITING_UPLOAD = "awaiting_upload"
    PENDING = "pending"  # its views are held back while the face is searched among everybody
    AWAITING_REVIEW = "awaiting_review"  # the face resembles somebody else's: a human decides
    ENROLLED = "enrolled"
    REJECTED = "rejected"  # nothing usable in it; `explanation` says what to do better
    REFUSED = "refused"  # no active consent, or the face of somebody else


HELD = frozenset({RegistrationState.PENDING, RegistrationState.AWAITING_REVIEW})
"""In these states a candidate template exists that is in no gallery."""


@dataclass(frozen=True)
class Outcome:
    """What became of a registration, in words for people and figures for tests.

    `resembles`: whom its face was taken for, the most similar first. `decided_by`: the human who decided on that.
    """

    state: RegistrationState
    explanation: str
    code: str | None = None
    model_id: str | None = None
    views_kept: int = 0
    views_sampled: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    resembles: tuple[Likeness, ...] = ()
    decided_by: str | None = None


@dataclass(frozen=True)
class Registration:
    """`parts` is the number of files it consists of: one video, or several photos."""

    person_id: str
    registration_id: str
    parts: int
    created_at: datetime
    outcome: Outcome | None = None

    @property
    def state(self) -> RegistrationState:
        return RegistrationState.AWAITING_UPLOAD if self.outcome is None else self.outcome.state

    @property
    def prefix(self) -> str:
        """Of the keys of its files."""
        return f"registrations/{self.person_id}/{self.registration_id}/"

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}{part}" for part in range(self.parts))


def without_consent() -> Outcome:
    return Outcome(
        state=RegistrationState.REFUSED,
        code="consent_missing",
        explanation="There is no active consent, so nothing is kept and the upload was deleted.",
    )
