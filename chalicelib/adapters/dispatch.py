"""Training jobs in a workflow on GitHub, by repository_dispatch. What is sent is the job's id and nothing else.

The workflow reads the dataset and writes its artefact, or why it failed, under the keys that SageMaker would use: they
are what tells how far it is, so nobody has to call back.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import TrainingNotStarted
from chalicelib.domain.retraining import OUTPUTS, JobState, Progress, RetrainingJob, TrainingStatus
from chalicelib.services.ports import Media

if TYPE_CHECKING:
    from botocore.client import BaseClient

API = "https://api.github.com"
EVENT = "retrain"
TIMEOUT_SECONDS = 10
MAX_FAILURE_BYTES = 4096
TRY_AGAIN = (408, 429)

Send = Callable[[urllib.request.Request], None]


class SecretToken:
    """The token that may dispatch, from Secrets Manager, read when it is needed: it can be changed at any time."""

    def __init__(self, secrets: "BaseClient", name: str) -> None:
        self._secrets: Any = secrets
        self._name = name

    def __call__(self) -> str:
        return str(self._secrets.get_secret_value(SecretId=self._name)["SecretString"]).strip()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to GitHub and to nobody else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def send(request: urllib.request.Request) -> None:
    """Raises OSError, of which HTTPError is one."""
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS):
        return


@dataclass(frozen=True)
class GitHubTrainingJobs:
    """`lasts`: after so long without an artefact a job counts as stopped."""

    repository: str
    token: Callable[[], str]
    media: Media
    clock: Clock
    lasts: timedelta
    send: Send = send

    def start(self, job: RetrainingJob) -> None:
        """Dispatched twice, it runs once: the workflow's runs queue by job id, and look for the artefact first."""
        body = json.dumps({"event_type": EVENT, "client_payload": {"job_id": job.job_id}})
        request = urllib.request.Request(  # noqa: S310  # the address is ours, the repository checked by the settings
            f"{API}/repos/{self.repository}/dispatches",
            data=body.encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token()}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
            method="POST",
        )
        try:
            self.send(request)
        except urllib.error.HTTPError as error:
            if error.code >= 500 or error.code in TRY_AGAIN:
                raise
            raise TrainingNotStarted(f"GitHub answered {error.code} to the dispatch.") from error

    def describe(self, job: RetrainingJob) -> Progress | None:
        if self.media.exists(job.artefact):
            return Progress(TrainingStatus.COMPLETED)
        failure = self.media.get(f"{OUTPUTS}{job.job_id}/output/failure", MAX_FAILURE_BYTES)
        if failure is not None:
            return Progress(TrainingStatus.FAILED, failure.decode(errors="replace"))
        if job.state is JobState.STARTING:
            return None
        since = job.started_at or job.created_at
        if self.clock() - since < self.lasts:
            return Progress(TrainingStatus.IN_PROGRESS)
        return Progress(TrainingStatus.STOPPED, "The workflow wrote nothing in time.")
