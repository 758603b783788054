"""Finish a training job that ended: unpack and verify what it made, let the gate decide, and put it in service or not.

The model's files first; then, in one transaction, the job's end, its model, and what is in service. The requests are
closed, the dataset deleted and the lease given up last: as long as it stands, a tick carries on with what is left.
"""

from dataclasses import replace

from chalicelib.domain.artefacts import CHARTS, MOST_PACKED_BYTES, REPORT, Artefact, unpack
from chalicelib.domain.errors import ArtefactRefused, Contention, PayloadTooLarge
from chalicelib.domain.gate import Decision, Verdict, decide
from chalicelib.domain.models import InService, ModelEntry, file_of, pack_of
from chalicelib.domain.retraining import Cause, JobState, Progress, RetrainingJob, TrainingStatus
from chalicelib.services.ask_for_retraining import request_for
from chalicelib.services.retrainer import Retrainer

ATTEMPTS = 5
LONGEST_FAILURE = 1000
LOST = Progress(TrainingStatus.FAILED, "Whoever runs training jobs does not know it any more.")
ROBBED = "Somebody in its data withdrew or was erased, or recognition was switched off, while it ran."
GATE = "gate"
TYPES = {"json": "application/json", "onnx": "application/octet-stream", "svg": "image/svg+xml"}


def finish_retraining(job_id: str, *, retrainer: Retrainer) -> RetrainingJob | None:
    """The job as it stands then; None if it is none of ours. Told again, late or too early, it does no harm.

    Raises Contention if it was changed again and again.
    """
    job = retrainer.retraining.find(job_id)
    if job is None:
        return None
    if not job.state.over:
        progress = retrainer.training_jobs.describe(job)
        if progress is None and job.state is JobState.STARTING:
            return job
        job = _conclude(job, progress or LOST, retrainer)
    if job.state.over:
        _tidy_up(job, retrainer)
    return job


def fail(job: RetrainingJob, state: JobState, why: str, retrainer: Retrainer) -> RetrainingJob:
    """A job that made nothing ends; its requests stay, for the next attempt."""
    told = why.encode(errors="replace").decode()[:LONGEST_FAILURE]
    ended = replace(job, state=state, failure=told, finished_at=retrainer.clock())
    try:
        job = retrainer.retraining.save(ended)
    except Contention:  # whoever was first has said how it ended, or what it is at
        job = retrainer.retraining.find(job.job_id) or job
    if job.state.over:
        _tidy_up(job, retrainer)
    return job


def _conclude(job: RetrainingJob, progress: Progress, retrainer: Retrainer) -> RetrainingJob:
    if progress.status is TrainingStatus.IN_PROGRESS:
        return job
    if progress.status is not TrainingStatus.COMPLETED:
        state = JobState.STOPPED if progress.status is TrainingStatus.STOPPED else JobState.FAILED
        return fail(job, state, progress.why or "No reason was given.", retrainer)
    if not retrainer.media.exists(job.description):
        return fail(job, JobState.STOPPED, ROBBED, retrainer)
    try:
        artefact = _artefact(job, retrainer)
    except (ArtefactRefused, PayloadTooLarge) as error:
        return fail(job, JobState.FAILED, str(error), retrainer)
    job = _finishing(job, retrainer)
    if job.state is JobState.FINISHING:
        _keep(artefact, retrainer)
        job = _decide(job, artefact, retrainer)
    return job


def _finishing(job: RetrainingJob, retrainer: Retrainer) -> RetrainingJob:
    if job.state is JobState.FINISHING:
        return job
    started_at = job.started_at or retrainer.clock()
    try:
        return retrainer.retraining.save(replace(job, state=JobState.FINISHING, started_at=started_at))
    except Contention:
        return retrainer.retraining.find(job.job_id) or job


def _artefact(job: RetrainingJob, retrainer: Retrainer) -> Artefact:
    packed = retrainer.media.get(job.artefact, MOST_PACKED_BYTES)
    if packed is None:
        raise ArtefactRefused("The job has completed and left no artefact.")
    artefact = unpack(packed, pack_id=pack_of(job.champion_id))
    if artefact.report.champion_id != job.champion_id:
        raise ArtefactRefused(
            f"The report compares with {artefact.report.champion_id}, not {job.champion_id}."
        )
    return artefact


def _keep(artefact: Artefact, retrainer: Retrainer) -> None:
    """What the model's id vouches for is written once; what a later job tells of the same model replaces it."""
    for name, content in sorted(artefact.files.items()):
        key, content_type = file_of(artefact.model_id, name), TYPES[name.rpartition(".")[2]]
        if name in (REPORT, *CHARTS):
            retrainer.media.replace(key, content, content_type)
        else:
            retrainer.media.put(key, content, content_type)


def _decide(job: RetrainingJob, artefact: Artefact, retrainer: Retrainer) -> RetrainingJob:
    """Decided anew if something else was put in service meanwhile."""
    for _ in range(ATTEMPTS):
        before = retrainer.models.in_service()
        if before is None:
            raise Contention("No model is in service.")
        decision = decide(artefact.report, champion_id=before.model_id, left_id=before.left_id)
        try:
            return _write_decision(job, artefact.model_id, decision, before, retrainer)
        except Contention:
            job = retrainer.retraining.find(job.job_id) or job
            if job.state.over:
                return job
    raise Contention(f"{job.job_id} was changed {ATTEMPTS} times while it was being finished.")


def _write_decision(
    job: RetrainingJob, model_id: str, decision: Decision, before: InService, retrainer: Retrainer
) -> RetrainingJob:
    now = retrainer.clock()
    promoted = decision.verdict is Verdict.PROMOTED
    outdated = any(reason.code == "champion_changed" for reason in decision.reasons)
    return retrainer.retraining.conclude(
        replace(job, state=JobState.FINISHED, finished_at=now, model_id=model_id, decision=decision),
        ModelEntry(model_id, now, job.job_id, decision),
        before=before,
        after=InService(model_id, before.model_id, now, GATE, before.left_id) if promoted else None,
        again=request_for(Cause.CHAMPION_CHANGED, f"again-{job.job_id}", retrainer.clock)
        if outdated
        else None,
    )


def _tidy_up(job: RetrainingJob, retrainer: Retrainer) -> None:
    if job.state is JobState.FINISHED:
        retrainer.retraining.answer(job)
    retrainer.media.delete(job.dataset)
    retrainer.retraining.release(job)
