"""Retraining: who asks for it, when it is due, and the one job at a time that answers.

Somebody new makes a job due with others, or after days; an erasure within a day, so that several cost one job; a human,
a schedule, a drift and a champion that changed under a test at once.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from chalicelib.domain.gate import Decision

MOST_ATTEMPTS = 3
MOST_REQUESTS = 1000
"""That one job answers: their ids stand in its item. The others wait for the next."""
CUT_OFF_AFTER = timedelta(minutes=3)
"""Whoever was starting a job is not at it any more: no function that starts one runs as long."""
GIVEN_UP_AFTER = timedelta(hours=1)
"""What cannot be started for so long has failed."""
DATASETS = "training/"
"""Below it lies what is learned from: embeddings, as long as a job is in hand and no longer."""
OUTPUTS = "training-output/"


class Cause(StrEnum):
    """Why retraining is asked for."""

    REGISTRATION = "registration"
    ERASURE = "erasure"
    MANUAL = "manual"
    SCHEDULE = "schedule"
    DRIFT = "drift"
    CHAMPION_CHANGED = "champion_changed"


@dataclass(frozen=True)
class Request:
    """`request_id` says what asked, so that asking again asks once; it names nobody."""

    request_id: str
    cause: Cause
    asked_at: datetime


@dataclass(frozen=True)
class Gathering:
    """When waiting requests become due. `enrolments`: so many registrations were enrolled since the last job."""

    enrolments: int
    registrations_wait: timedelta
    erasures_wait: timedelta

    def is_due(self, requests: Collection[Request], now: datetime) -> bool:
        """In whatever order they came; a request more never makes less due."""
        enrolled = sum(request.cause is Cause.REGISTRATION for request in requests)
        return enrolled >= self.enrolments or any(self._has_waited(request, now) for request in requests)

    def _has_waited(self, request: Request, now: datetime) -> bool:
        """At once means at once, though the clocks of two functions may differ."""
        waits = {Cause.REGISTRATION: self.registrations_wait, Cause.ERASURE: self.erasures_wait}
        return request.cause not in waits or now - request.asked_at >= waits[request.cause]


class JobState(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    FINISHING = "finishing"
    FINISHED = "finished"  # it has a model and a decision
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def over(self) -> bool:
        return self in (JobState.FINISHED, JobState.FAILED, JobState.STOPPED)


@dataclass(frozen=True)
class RetrainingJob:
    """One training job. `touched_at`: when somebody last was at starting it; `people`: in its dataset."""

    job_id: str
    champion_id: str
    attempt: int
    request_ids: tuple[str, ...]
    created_at: datetime
    touched_at: datetime
    state: JobState = JobState.STARTING
    revision: int = 1
    people: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    failure: str | None = None
    model_id: str | None = None
    decision: Decision | None = None

    @property
    def dataset(self) -> str:
        """The prefix of what it learns from."""
        return f"{DATASETS}{self.job_id}/"

    @property
    def description(self) -> str:
        """The key of what says that the dataset is whole: it is gone once somebody in it has withdrawn."""
        return f"{self.dataset}templates/dataset.json"

    @property
    def artefact(self) -> str:
        return f"{OUTPUTS}{self.job_id}/output/model.tar.gz"

    @property
    def failed_attempt(self) -> bool:
        return self.state in (JobState.FAILED, JobState.STOPPED)


class TrainingStatus(StrEnum):
    """How far whoever runs the job is."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Progress:
    status: TrainingStatus
    why: str | None = None


@dataclass(frozen=True)
class Retrained:
    """The job that answered a request."""

    job_id: str
    at: datetime


def untried(requests: Sequence[Request], last: RetrainingJob | None) -> tuple[Request, ...]:
    """Those that may make a job due: what the last job tried for the last time in vain waits for something new."""
    in_vain = last is not None and last.failed_attempt and last.attempt >= MOST_ATTEMPTS
    tried = frozenset(last.request_ids) if in_vain and last is not None else frozenset()
    return tuple(request for request in requests if request.request_id not in tried)


def job_ids(prefix: str, request_ids: Collection[str], champion_id: str) -> Iterator[tuple[int, str]]:
    """Attempt and job id, first to last: the same for the same requests, so that a job is started once."""
    for attempt in range(1, MOST_ATTEMPTS + 1):
        named = json.dumps([sorted(request_ids), champion_id, attempt])
        yield attempt, f"{prefix}-retrain-{sha256(named.encode()).hexdigest()[:20]}"
