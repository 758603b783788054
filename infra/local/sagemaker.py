"""SageMaker's API of training jobs on loopback: JSON 1.1, and as strict with a request as the service itself."""

import json
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any

from infra.local.messages import HttpAnswer, HttpRequest
from infra.local.request_model import request_faults
from infra.local.server import LoopbackServer
from infra.local.training_jobs import Refused, Tell, TrainingJobs
from infra.local.training_run import ENTRY_POINT, Runner

MAX_BODY_BYTES = 1024 * 1024
TARGET = "SageMaker."
SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "TrainingJobStatus",
    "SecondaryStatus",
)
SORTED_BY = {"Name": "TrainingJobName", "CreationTime": "CreationTime", "Status": "TrainingJobStatus"}
LISTED_BY = {"MaxResults", "NextToken", "NameContains", "StatusEquals", "SortBy", "SortOrder"}

Operation = Callable[[TrainingJobs, Mapping[str, Any]], Mapping[str, Any]]


@contextmanager
def sagemaker(listener: socket.socket, runner: Runner, tell: Tell) -> Iterator[str]:
    """Where it answers, until the block ends: then no job runs any more."""
    jobs = TrainingJobs(runner, tell)
    server = LoopbackServer(listener)
    server.serve(SageMaker(jobs), max_body_bytes=MAX_BODY_BYTES)
    try:
        yield server.url
    finally:
        jobs.end()
        server.stop()


class SageMaker:
    """A site for the loopback server."""

    def __init__(self, jobs: TrainingJobs) -> None:
        self._jobs = jobs

    def handle(self, request: HttpRequest) -> HttpAnswer:
        try:
            return _answer(HTTPStatus.OK, self._done(request))
        except Refused as refused:
            return _answer(HTTPStatus.BAD_REQUEST, {"__type": refused.code, "message": str(refused)})

    def reject(self, status: int, message: str) -> HttpAnswer:
        return _answer(status, {"__type": "SerializationException", "message": message})

    def _done(self, request: HttpRequest) -> Mapping[str, Any]:
        name = (request.header("X-Amz-Target") or "").removeprefix(TARGET)
        if name not in OPERATIONS:
            raise Refused("UnknownOperationException", f"The local stack plays no {name or 'such call'}.")
        try:
            given = json.loads(request.body)
        except ValueError as error:
            raise Refused("SerializationException", "The body is no JSON.") from error
        if faults := request_faults("sagemaker", name, given):
            raise Refused("ValidationException", f"{len(faults)} validation error detected: {faults[0]}")
        return OPERATIONS[name](self._jobs, given)


def _create(jobs: TrainingJobs, given: Mapping[str, Any]) -> Mapping[str, Any]:
    for wrong in _job_faults(given):
        raise Refused("ValidationException", wrong)
    return {"TrainingJobArn": jobs.create(given).arn}


def _describe(jobs: TrainingJobs, given: Mapping[str, Any]) -> Mapping[str, Any]:
    return jobs.describe(given["TrainingJobName"])


def _stop(jobs: TrainingJobs, given: Mapping[str, Any]) -> Mapping[str, Any]:
    jobs.stop(given["TrainingJobName"])
    return {}


def _list(jobs: TrainingJobs, given: Mapping[str, Any]) -> Mapping[str, Any]:
    if unknown := sorted(set(given) - LISTED_BY):
        raise Refused("ValidationException", f"The local stack lists no jobs by {', '.join(unknown)}.")
    found = [
        job
        for job in jobs.all()
        if given.get("NameContains", "") in job["TrainingJobName"]
        and given.get("StatusEquals") in (None, job["TrainingJobStatus"])
    ]
    key = SORTED_BY[given.get("SortBy", "CreationTime")]
    found.sort(key=lambda job: job[key], reverse=given.get("SortOrder", "Descending") == "Descending")
    first, count = int(given.get("NextToken", "0")), int(given.get("MaxResults", 10))
    page = [{name: job[name] for name in SUMMARY if name in job} for job in found[first : first + count]]
    more = {"NextToken": str(first + count)} if first + count < len(found) else {}
    return {"TrainingJobSummaries": page, **more}


OPERATIONS: Mapping[str, Operation] = {
    "CreateTrainingJob": _create,
    "DescribeTrainingJob": _describe,
    "StopTrainingJob": _stop,
    "ListTrainingJobs": _list,
}


def _job_faults(given: Mapping[str, Any]) -> Iterator[str]:
    """What the service refuses and its description does not say; and what is not played here."""
    algorithm, resources = given.get("AlgorithmSpecification", {}), given.get("ResourceConfig", {})
    limits = given.get("StoppingCondition", {})
    for name in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
        if name not in given:
            yield f"{name} is required."
    if len({"TrainingImage", "AlgorithmName"} & set(algorithm)) != 1:
        yield "Exactly one of TrainingImage and AlgorithmName must be given."
    started = (*algorithm.get("ContainerEntrypoint", ENTRY_POINT), *algorithm.get("ContainerArguments", ()))
    if started != ENTRY_POINT or given.get("Environment"):
        yield f"The local stack runs {' '.join(ENTRY_POINT)}, and in an environment of its own."
    if (
        "InstanceType" not in resources
        or min(map(resources.get, ("InstanceCount", "VolumeSizeInGB"), (0, 0))) < 1
    ):
        yield "ResourceConfig needs InstanceType, InstanceCount and VolumeSizeInGB."
    longest, wait = limits.get("MaxRuntimeInSeconds", 86_400), limits.get("MaxWaitTimeInSeconds")
    spot = given.get("EnableManagedSpotTraining", False)
    if spot and (wait is None or wait < longest):
        yield "MaxWaitTimeInSeconds must be given for spot training, and be at least MaxRuntimeInSeconds."
    if wait is not None and not spot:
        yield "MaxWaitTimeInSeconds is for spot training only."
    if not given["OutputDataConfig"]["S3OutputPath"].startswith("s3://"):
        yield "The output must go to S3."
    if given["OutputDataConfig"].get("CompressionType", "GZIP") != "GZIP":
        yield "The local stack packs what comes out."
    yield from _channel_faults(given.get("InputDataConfig", []))


def _channel_faults(channels: list[Mapping[str, Any]]) -> Iterator[str]:
    if len({channel["ChannelName"] for channel in channels}) < len(channels):
        yield "Channel names must be unique."
    for channel in channels:
        source = channel["DataSource"].get("S3DataSource", {})
        if source.get("S3DataType") != "S3Prefix" or not source["S3Uri"].startswith("s3://"):
            yield f"{channel['ChannelName']}: the local stack reads prefixes of S3 only."
        if channel.get("CompressionType", "None") != "None" or channel.get("InputMode", "File") != "File":
            yield f"{channel['ChannelName']}: the local stack copies files as they are."


def _answer(status: int, content: Mapping[str, Any]) -> HttpAnswer:
    headers = (("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", str(uuid.uuid4())))
    return HttpAnswer(status, headers, json.dumps(content, default=_seconds).encode())


def _seconds(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(type(value).__name__)
