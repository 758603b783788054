"""Registrations: one upload (a video, or photos) of one person, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class RegistrationState(StrEnum):
    AWAITING_UPLOAD = "awaiting_upload"
    ENROLLED = "enrolled"
    REJECTED = "rejected"  # nothing usable in it; `explanation` says what to do better
    REFUSED = "refused"  # no active consent when it was to be read


@dataclass(frozen=True)
class Outcome:
    """What became of a registration, in words for people and figures for tests."""

    state: RegistrationState
    explanation: str
    code: str | None = None
    model_id: str | None = None
    views_kept: int = 0
    views_sampled: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


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
    def keys(self) -> tuple[str, ...]:
        prefix = f"registrations/{self.person_id}/{self.registration_id}"
        return tuple(f"{prefix}/{part}" for part in range(self.parts))
