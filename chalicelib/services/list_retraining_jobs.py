"""List training jobs, the newest first, or read one."""

from chalicelib.domain.errors import RetrainingJobNotFound
from chalicelib.domain.retraining import RetrainingJob
from chalicelib.services.ports import Page, Retraining


def list_retraining_jobs(limit: int, cursor: str | None, *, retraining: Retraining) -> Page[RetrainingJob]:
    return retraining.jobs(limit, cursor)


def read_retraining_job(job_id: str, *, retraining: Retraining) -> RetrainingJob:
    """Raises RetrainingJobNotFound."""
    job = retraining.find(job_id)
    if job is None:
        raise RetrainingJobNotFound(f"There is no retraining job {job_id}.")
    return job
