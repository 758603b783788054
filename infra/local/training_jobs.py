"""SageMaker's training jobs: made, described, listed and stopped; each runs in a thread, and its end is told."""

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import Any

from infra.local.functions import ACCOUNT_ID, REGION
from infra.local.training_run import Ended, Request, Runner, objects_of

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT_ID}:training-job"
INTERNAL = "InternalServerError: We encountered an internal error. Please try again."
# Echoed by DescribeTrainingJob as they were given.
TOLD = (
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
)

Tell = Callable[[Mapping[str, Any]], None]

log = logging.getLogger(__name__)


class Refused(Exception):
    """An answer of SageMaker's that is an error; `code` is AWS's name for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Job:
    """One job; its record changes under the lock of all jobs."""

    request: Request
    created_at: datetime
    status: str = "InProgress"
    secondary: str = "Starting"
    reason: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    changed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    transitions: list[dict[str, Any]] = field(default_factory=list)
    stop: Event = field(default_factory=Event)

    @property
    def name(self) -> str:
        return str(self.request["TrainingJobName"])

    @property
    def arn(self) -> str:
        return f"{ARN}/{self.name}"

    def moves_to(self, secondary: str, status: str | None = None) -> None:
        self.changed_at = datetime.now(UTC)
        if self.transitions:
            self.transitions[-1]["EndTime"] = self.changed_at
        self.transitions.append({"Status": secondary, "StartTime": self.changed_at})
        self.secondary, self.status = secondary, status or self.status

    def description(self) -> dict[str, Any]:
        """As DescribeTrainingJob answers; times are datetimes."""
        output = self.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        told = {
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn,
            "ModelArtifacts": {"S3ModelArtifacts": f"{output}/{self.name}/output/model.tar.gz"},
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.secondary,
            "FailureReason": self.reason,
            "CreationTime": self.created_at,
            "TrainingStartTime": self.started_at,
            "TrainingEndTime": self.ended_at,
            "LastModifiedTime": self.changed_at,
            "SecondaryStatusTransitions": [dict(each) for each in self.transitions],
            **{name: self.request[name] for name in TOLD if name in self.request},
        }
        return {name: value for name, value in told.items() if value is not None}


class TrainingJobs:
    """`tell` is given an event for every change of a job's status, as EventBridge gets them."""

    def __init__(self, runner: Runner, tell: Tell) -> None:
        self._runner = runner
        self._tell = tell
        self._jobs: dict[str, Job] = {}
        self._threads: list[Thread] = []
        self._lock = Lock()
        self._ending = False

    def create(self, request: Request) -> Job:
        """Raises Refused: for a name that was ever taken, and where a channel holds nothing."""
        job = Job(request, datetime.now(UTC))
        for channel in request.get("InputDataConfig", []):
            self._check_channel(channel)
        with self._lock:
            if self._ending:
                raise Refused("ServiceUnavailable", "The local stack is ending.")
            if taken := self._jobs.get(job.name):
                message = (
                    "Training job names must be unique within an AWS account and region, and a training job "
                    f"with this name already exists ({taken.arn})"
                )
                raise Refused("ResourceInUse", message)
            self._jobs[job.name] = job
            job.moves_to("Starting")
            thread = Thread(target=self._play, args=(job,), name=job.name)
            self._threads.append(thread)
            thread.start()
        return job

    def describe(self, name: str) -> dict[str, Any]:
        """Raises Refused; AWS says ValidationException of a job that there is not, whatever its own model says."""
        with self._lock:
            return self._known(name).description()

    def all(self) -> list[dict[str, Any]]:
        with self._lock:
            return [job.description() for job in self._jobs.values()]

    def stop(self, name: str) -> None:
        """Raises Refused of a job that there is not, or that has ended. Returns before it has stopped."""
        with self._lock:
            job = self._known(name)
            if job.status not in ("InProgress", "Stopping"):
                message = f"The request was rejected because the training job is in status {job.status}."
                raise Refused("ValidationException", message)
            if job.status == "InProgress":
                job.moves_to("Stopping", "Stopping")
            job.stop.set()

    def end(self) -> None:
        """The stack ends, and what runs ends with it; nobody is told any more."""
        with self._lock:
            self._ending = True
            threads = list(self._threads)
            for job in self._jobs.values():
                job.stop.set()
        for thread in threads:
            thread.join()

    def _known(self, name: str) -> Job:
        if name not in self._jobs:
            raise Refused("ValidationException", "Requested resource not found.")
        return self._jobs[name]

    def _check_channel(self, channel: Mapping[str, Any]) -> None:
        try:
            found = next(objects_of(self._runner.s3, channel), None)
        except self._runner.s3.exceptions.NoSuchBucket:
            found = None
        if found is None:
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            message = f'No S3 objects found under S3 URL "{uri}" given in input data source.'
            raise Refused("ValidationException", message)

    def _play(self, job: Job) -> None:
        self._announce(job)
        try:
            ended = self._runner.run(job.request, job.stop, lambda stage: self._move(job, stage))
        except Exception:  # of whatever kind: the service must learn that its job is over
            log.exception("%s could not be played", job.name)
            ended = Ended("Failed", "Failed", INTERNAL)
        with self._lock:
            job.reason, job.ended_at = ended.reason, datetime.now(UTC)
            job.moves_to(ended.secondary, ended.status)
        self._announce(job)

    def _move(self, job: Job, secondary: str) -> None:
        """A job that is stopping stays so until it has stopped."""
        with self._lock:
            if secondary == "Training":
                job.started_at = datetime.now(UTC)
            if job.status == "InProgress":
                job.moves_to(secondary, "Stopping" if secondary == "Stopping" else None)

    def _announce(self, job: Job) -> None:
        with self._lock:
            ending, event = self._ending, _state_change(job)
        if not ending:
            self._tell(event)


def _state_change(job: Job) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "SageMaker Training Job State Change",
        "source": "aws.sagemaker",
        "account": ACCOUNT_ID,
        "time": job.changed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [job.arn],
        "detail": {**_milliseconds(job.description()), "Tags": {}},
    }


def _milliseconds(value: Any) -> Any:
    """Events have times in milliseconds since 1970, where the API has seconds."""
    if isinstance(value, dict):
        return {name: _milliseconds(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_milliseconds(each) for each in value]
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else value
