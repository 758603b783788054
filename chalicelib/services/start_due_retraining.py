"""Start the training job that is due, one at a time, or carry on with the one in hand.

Job and lease are written first, in one transaction; then the dataset, then the job is started, then that is written.
Cut off anywhere, a later tick asks whoever runs training jobs what became of it, and goes on from there.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.errors import BiometricsOff, Contention, ModelNotFound, TrainingNotStarted
from chalicelib.domain.models import InService
from chalicelib.domain.retraining import (
    CUT_OFF_AFTER,
    GIVEN_UP_AFTER,
    MOST_REQUESTS,
    Cause,
    JobState,
    RetrainingJob,
    job_ids,
    untried,
)
from chalicelib.services.ask_for_retraining import request_for
from chalicelib.services.finish_retraining import fail, finish_retraining
from chalicelib.services.retrainer import Retrainer
from chalicelib.services.write_dataset import write_dataset

DAY = "%Y-%m-%d"


def start_due_retraining(now: datetime, *, retrainer: Retrainer) -> RetrainingJob | None:
    """The job that was started or carried on, as it stands; None if nothing is due.

    Raises Contention: another tick was first, and nothing is lost.
    """
    in_hand = retrainer.retraining.in_hand()
    if in_hand is not None:
        return _carry_on(in_hand, now, retrainer)
    champion = retrainer.models.in_service()
    if champion is None or not retrainer.models.biometrics().on:
        return None
    job = _take_in_hand(champion, now, retrainer)
    return None if job is None else _start(job, now, retrainer)


def _take_in_hand(champion: InService, now: datetime, retrainer: Retrainer) -> RetrainingJob | None:
    last = retrainer.retraining.latest()
    _ask_by_schedule(last, now, retrainer)
    requests = retrainer.retraining.requests()[:MOST_REQUESTS]
    if not retrainer.gathering.is_due(untried(requests, last), now):
        return None
    request_ids = tuple(sorted(request.request_id for request in requests))
    for attempt, job_id in job_ids(retrainer.prefix, request_ids, champion.model_id):
        if retrainer.retraining.find(job_id) is None:
            job = RetrainingJob(
                job_id, champion.model_id, attempt, request_ids, created_at=now, touched_at=now
            )
            return _begun(job, retrainer)
    return None  # all tried in vain


def _begun(job: RetrainingJob, retrainer: Retrainer) -> RetrainingJob | None:
    try:
        retrainer.retraining.begin(job)
    except BiometricsOff:  # switched off since it was looked at
        return None
    return job


def _ask_by_schedule(last: RetrainingJob | None, now: datetime, retrainer: Retrainer) -> None:
    if retrainer.every is not None and last is not None and now - last.created_at >= retrainer.every:
        request = request_for(Cause.SCHEDULE, f"schedule-{now.strftime(DAY)}", retrainer.clock)
        retrainer.retraining.ask(request)


def _carry_on(job: RetrainingJob, now: datetime, retrainer: Retrainer) -> RetrainingJob:
    if job.state is not JobState.STARTING:
        return finish_retraining(job.job_id, retrainer=retrainer) or job
    if now - job.touched_at < CUT_OFF_AFTER:
        return job  # somebody is at it
    job = retrainer.retraining.save(replace(job, touched_at=now))
    if retrainer.training_jobs.describe(job) is None:
        if now - job.created_at >= GIVEN_UP_AFTER:
            return fail(job, JobState.FAILED, "It could not be started.", retrainer)
        return _start(job, now, retrainer)
    _runs(job, now, retrainer)
    return finish_retraining(job.job_id, retrainer=retrainer) or job


def _start(job: RetrainingJob, now: datetime, retrainer: Retrainer) -> RetrainingJob:
    try:
        people = write_dataset(job, retrainer=retrainer)
        job = retrainer.retraining.save(replace(job, people=people))
        retrainer.training_jobs.start(job)
    except (TrainingNotStarted, BiometricsOff, ModelNotFound) as error:
        return fail(job, JobState.FAILED, str(error), retrainer)
    except Contention:
        raise
    except Exception:  # whatever it is: a later tick tries again, and meanwhile nothing lies about
        retrainer.media.delete(job.dataset)
        raise
    return _runs(job, now, retrainer)


def _runs(job: RetrainingJob, now: datetime, retrainer: Retrainer) -> RetrainingJob:
    """Its end may have been told before its start was written: then that stands."""
    try:
        return retrainer.retraining.save(replace(job, state=JobState.RUNNING, started_at=now))
    except Contention:
        return retrainer.retraining.find(job.job_id) or job
