"""/v1/retraining-jobs: retraining asked for by hand, and what became of each training job."""

from typing import Annotated

from pydantic import Field

from chalicelib import wiring
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Answer, Routes
from chalicelib.api.schemas import Out, PageOut, PageQuery, Time
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import BiometricsOff, RetrainingNotSetUp
from chalicelib.domain.gate import Decision, Reason, Verdict
from chalicelib.domain.ids import Kind
from chalicelib.domain.retraining import Cause, JobState, RetrainingJob
from chalicelib.services.ask_for_retraining import ask_for_retraining
from chalicelib.services.list_retraining_jobs import list_retraining_jobs, read_retraining_job

retraining = Routes(__name__)


class ReasonOut(Out):
    """A stable code, and a sentence with the figures."""

    code: str
    sentence: str

    @classmethod
    def of(cls, reason: Reason) -> "ReasonOut":
        return cls(code=reason.code, sentence=reason.sentence)


class DecisionOut(Out):
    verdict: Verdict
    reasons: tuple[ReasonOut, ...]

    @classmethod
    def of(cls, decision: Decision) -> "DecisionOut":
        return cls(verdict=decision.verdict, reasons=tuple(map(ReasonOut.of, decision.reasons)))


class RetrainingRequestOut(Out):
    """The job that answers it begins within a minute or two, or when the one before has ended."""

    id: str
    asked_at: Time


class RetrainingJobOut(Out):
    """`requests`: how many it answers. `champion_id`: what was in service when it began, and is compared with.

    `people`: those in its data. `failure`: why it made no model. A job that failed or was stopped is tried again.
    """

    id: str
    state: JobState
    attempt: Annotated[int, Field(ge=1)]
    requests: int
    champion_id: str
    people: int | None
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    failure: str | None
    model_id: str | None
    decision: DecisionOut | None

    @classmethod
    def of(cls, job: RetrainingJob) -> "RetrainingJobOut":
        return cls(
            id=job.job_id,
            state=job.state,
            attempt=job.attempt,
            requests=len(job.request_ids),
            champion_id=job.champion_id,
            people=job.people,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            failure=job.failure,
            model_id=job.model_id,
            decision=None if job.decision is None else DecisionOut.of(job.decision),
        )


@retraining.route("POST", "/v1/retraining-jobs", status=202, errors=[RetrainingNotSetUp, BiometricsOff])
def post_retraining_job(request: ApiRequest) -> Answer[RetrainingRequestOut]:
    """Ask for retraining by hand. It does not wait for more people; two jobs never run at once."""
    request_id = request.new_id(Kind.REQUEST)
    asked = ask_for_retraining(
        Cause.MANUAL,
        request_id,
        retraining=wiring.retraining(),
        models=wiring.models(),
        set_up=wiring.settings().retrains,
        clock=utc_now,
    )
    return Answer(RetrainingRequestOut(id=request_id, asked_at=asked.asked_at))


@retraining.route("GET", "/v1/retraining-jobs")
def get_retraining_jobs(_: ApiRequest, query: PageQuery) -> PageOut[RetrainingJobOut]:
    """List training jobs, the newest first."""
    page = list_retraining_jobs(query.limit, query.cursor, retraining=wiring.retraining())
    return PageOut(items=tuple(map(RetrainingJobOut.of, page.items)), next_cursor=page.cursor)


@retraining.route("GET", "/v1/retraining-jobs/{job_id}")
def get_retraining_job(_: ApiRequest, job_id: str) -> RetrainingJobOut:
    """Read how far a training job is, and what the gate decided on what it made."""
    return RetrainingJobOut.of(read_retraining_job(job_id, retraining=wiring.retraining()))
