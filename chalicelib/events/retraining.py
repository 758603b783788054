"""Retraining: the minute tick starts what is due and carries on what was cut off; the end of a training job is told."""

from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import Contention
from chalicelib.domain.retraining import RetrainingJob
from chalicelib.observability import count, instrumented, logger
from chalicelib.services.finish_retraining import finish_retraining
from chalicelib.services.start_due_retraining import start_due_retraining

retraining = Blueprint(__name__)


@retraining.lambda_function(name="on_retraining_due")
@instrumented
def on_retraining_due(_event: dict[str, Any], _context: Any) -> None:
    if not wiring.settings().retrains:
        return
    try:
        _tell(start_due_retraining(utc_now(), retrainer=wiring.retrainer()))
    except Contention as error:  # another tick is at it, and the next one looks again
        logger.info("retraining left to another", code=error.code, reason=str(error))


@retraining.lambda_function(name="on_training_finished")
@instrumented
def on_training_finished(event: dict[str, Any], _context: Any) -> None:
    """What is true is asked of whoever ran the job, not read from the event. Should this fail, the tick finds it."""
    _tell(finish_retraining(event["detail"]["TrainingJobName"], retrainer=wiring.retrainer()))


def _tell(job: RetrainingJob | None) -> None:
    if job is None:
        return
    if job.failed_attempt:
        count("RetrainingFailed")
    decision = job.decision
    logger.info(
        "retraining job",
        job_id=job.job_id,
        state=job.state.value,
        attempt=job.attempt,
        people=job.people,
        model_id=job.model_id,
        decision=None if decision is None else decision.verdict.value,
        reasons=[] if decision is None else [reason.code for reason in decision.reasons],
        failure=job.failure,
    )
