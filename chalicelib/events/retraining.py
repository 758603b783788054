"""Retraining: the minute tick looks for a drift once a day, starts what is due and carries on what was cut off; the end
of a training job is told.
"""

from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from chalice.app import Blueprint

from chalicelib import wiring
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import BiometricsOff, Contention
from chalicelib.domain.retraining import Cause, RetrainingJob
from chalicelib.observability import count, instrumented, logger
from chalicelib.services.ask_for_retraining import ask_for_retraining
from chalicelib.services.check_drift import check_drift
from chalicelib.services.finish_retraining import finish_retraining
from chalicelib.services.report_drift import DriftReport
from chalicelib.services.start_due_retraining import start_due_retraining

retraining = Blueprint(__name__)


@retraining.lambda_function(name="on_retraining_due")
@instrumented
def on_retraining_due(_event: dict[str, Any], _context: Any) -> None:
    now = utc_now()
    try:
        _check_drift(now)
    finally:  # a check that fails holds up no job
        _start(now)


@retraining.lambda_function(name="on_training_finished")
@instrumented
def on_training_finished(event: dict[str, Any], _context: Any) -> None:
    """What is true is asked of whoever ran the job, not read from the event. Should this fail, the tick finds it."""
    _tell(finish_retraining(event["detail"]["TrainingJobName"], retrainer=wiring.retrainer()))


def _start(now: datetime) -> None:
    if not wiring.settings().retrains:
        return
    try:
        _tell(start_due_retraining(now, retrainer=wiring.retrainer()))
    except Contention as error:  # another tick is at it, and the next one looks again
        logger.info("retraining left to another", code=error.code, reason=str(error))


def _check_drift(now: datetime) -> None:
    """A drift that lasts asks once a week: what was learned of it may have been left out with reason."""
    report = check_drift(
        now,
        models=wiring.models(),
        tallies=wiring.tallies(),
        media=wiring.media(),
        drifted=partial(_drifted, f"{now:%G-W%V}"),
    )
    if report is not None:
        count("ModelDrift", int(report.has_drifted))


def _drifted(week: str, report: DriftReport) -> None:
    logger.warning(
        "model drifted", model_id=report.model_id, stability=report.stability, faces=report.seen.faces
    )
    if not wiring.settings().retrains:
        return
    with suppress(BiometricsOff):  # then nobody is recognised, and nothing can be learned
        ask_for_retraining(
            Cause.DRIFT,
            f"drift-{report.model_id}-{week}",
            retraining=wiring.retraining(),
            models=wiring.models(),
            set_up=True,
            clock=utc_now,
        )


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
