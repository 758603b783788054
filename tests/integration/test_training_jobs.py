"""What whoever runs training jobs is asked, and what is made of the answers."""

import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib import wiring
from chalicelib.adapters.dispatch import GitHubTrainingJobs, SecretToken, send
from chalicelib.adapters.training_jobs import SageMakerTrainingJobs, request_of
from chalicelib.domain.errors import TrainingNotStarted
from chalicelib.domain.retraining import JobState, Progress, RetrainingJob, TrainingStatus
from chalicelib.settings import ARTEFACT_DAYS, DATASET_DAYS, Settings
from infra.resources import load_template
from tests.support.world import REGION, START, World

NAME = "rollcall-retrain-0123456789abcdef0123"
JOB = RetrainingJob(NAME, "fake-1", 1, ("request#reg_1",), START, START)
SETTINGS = Settings(
    bucket="pictures", training_image="1.dkr.ecr/rollcall-training:1", training_role="arn:aws:iam::1:role/r"
)


def test_sagemaker_is_asked_for_a_spot_instance_without_a_network_and_told_ids_alone() -> None:
    asked = request_of(JOB, SETTINGS)
    assert asked["TrainingJobName"] == NAME
    channels = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]["S3Uri"] for each in asked["InputDataConfig"]
    }
    assert channels == {
        "templates": f"s3://pictures/training/{NAME}/templates/",
        "champion": f"s3://pictures/training/{NAME}/champion/",
    }
    assert asked["OutputDataConfig"] == {"S3OutputPath": "s3://pictures/training-output/"}
    assert asked["AlgorithmSpecification"]["ContainerEntrypoint"] == ["python", "-m", "training.retrain"]
    assert asked["EnableNetworkIsolation"] is True
    assert asked["EnableManagedSpotTraining"] is True
    assert asked["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 14_400}
    assert asked["ResourceConfig"]["InstanceCount"] == 1
    assert asked["Tags"] == [{"Key": "rollcall", "Value": "rollcall"}]
    assert "Environment" not in asked, "secrets would be shown to whoever may describe the job"


def test_on_demand_there_is_nothing_to_wait_for() -> None:
    asked = request_of(JOB, replace(SETTINGS, training_spot=0))
    assert asked["EnableManagedSpotTraining"] is False
    assert asked["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}


def test_boto3_takes_what_we_send_and_a_job_that_ended_is_found(world: World) -> None:
    assert world
    jobs = SageMakerTrainingJobs(boto3.client("sagemaker", region_name=REGION), SETTINGS)
    assert jobs.describe(JOB) is None
    jobs.start(JOB)
    assert jobs.describe(JOB) == Progress(TrainingStatus.COMPLETED)


def answering(code: str, message: str = "") -> Any:
    client = mock.Mock()
    error = ClientError({"Error": {"Code": code, "Message": message}}, "CreateTrainingJob")
    client.create_training_job.side_effect = client.describe_training_job.side_effect = error
    return client


def test_a_job_that_is_there_already_is_started() -> None:
    SageMakerTrainingJobs(answering("ResourceInUse"), SETTINGS).start(JOB)


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ResourceLimitExceeded"])
def test_what_will_be_refused_again_ends_the_attempt(code: str) -> None:
    with pytest.raises(TrainingNotStarted, match=code):
        SageMakerTrainingJobs(answering(code, "no"), SETTINGS).start(JOB)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure"])
def test_what_may_pass_is_asked_again(code: str) -> None:
    jobs = SageMakerTrainingJobs(answering(code, "slow down"), SETTINGS)
    for ask in (jobs.start, jobs.describe):
        with pytest.raises(ClientError):
            ask(JOB)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("InProgress", TrainingStatus.IN_PROGRESS),
        ("Stopping", TrainingStatus.IN_PROGRESS),
        ("Completed", TrainingStatus.COMPLETED),
        ("Failed", TrainingStatus.FAILED),
        ("Stopped", TrainingStatus.STOPPED),
    ],
)
def test_states_are_read(told: str, status: TrainingStatus) -> None:
    client = mock.Mock()
    client.describe_training_job.return_value = {"TrainingJobStatus": told, "FailureReason": "why"}
    assert SageMakerTrainingJobs(client, SETTINGS).describe(JOB) == Progress(status, "why")


def test_a_job_that_sagemaker_does_not_know_is_unknown() -> None:
    client = answering("ValidationException", "Requested resource not found.")
    assert SageMakerTrainingJobs(client, SETTINGS).describe(JOB) is None


def test_the_rule_hears_of_our_own_jobs_when_they_are_over() -> None:
    rule = load_template()["Resources"]["TrainingFinished"]["Properties"]["EventPattern"]
    assert rule["detail-type"] == ["SageMaker Training Job State Change"]
    assert rule["detail"] == {
        "TrainingJobName": [{"prefix": {"Fn::Sub": "${Prefix}-retrain-"}}],
        "TrainingJobStatus": ["Completed", "Failed", "Stopped"],
    }


def test_the_data_and_the_role_of_a_job_are_bounded_in_the_template() -> None:
    resources = load_template()["Resources"]
    rules = {
        rule["Prefix"]: rule["ExpirationInDays"]
        for rule in resources["PicturesBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    }
    assert (rules["training/"], rules["training-output/"]) == (DATASET_DAYS, ARTEFACT_DAYS)
    role = resources["TrainingRole"]["Properties"]
    assert role["RoleName"] == {"Fn::Sub": "${Prefix}-training"}
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "Service": "sagemaker.amazonaws.com"
    }
    (policy,) = role["Policies"]
    actions = {str(each["Action"]): each for each in policy["PolicyDocument"]["Statement"]}
    assert actions["s3:GetObject"]["Resource"]["Fn::Sub"].endswith("/training/*")
    assert actions["s3:PutObject"]["Resource"]["Fn::Sub"].endswith("/training-output/*")


Send = Callable[[urllib.request.Request], None]


def github(world: World, sending: Send) -> GitHubTrainingJobs:
    return GitHubTrainingJobs(
        "school/rollcall", lambda: "the token", wiring.media(), world.clock, timedelta(hours=4), sending
    )


def test_github_is_sent_the_id_of_the_job_and_nothing_else(world: World) -> None:
    sent: list[urllib.request.Request] = []
    github(world, sent.append).start(JOB)
    (request,) = sent
    assert request.full_url == "https://api.github.com/repos/school/rollcall/dispatches"
    assert request.method == "POST"
    assert json.loads(request.data or b"") == {"event_type": "retrain", "client_payload": {"job_id": NAME}}  # type: ignore[arg-type]
    assert request.get_header("Authorization") == "Bearer the token"


def test_how_far_a_workflow_is_stands_in_the_bucket(world: World) -> None:
    jobs = github(world, lambda _: None)
    running = replace(JOB, state=JobState.RUNNING, started_at=world.now)
    assert jobs.describe(JOB) is None, "whether it was dispatched is not known: once more does no harm"
    assert jobs.describe(running) == Progress(TrainingStatus.IN_PROGRESS)
    world.pass_time(hours=4)
    stopped = jobs.describe(running)
    assert stopped is not None
    assert stopped.status is TrainingStatus.STOPPED
    wiring.media().put(f"training-output/{NAME}/output/failure", b"no such pack", "text/plain")
    assert jobs.describe(running) == Progress(TrainingStatus.FAILED, "no such pack")
    wiring.media().put(JOB.artefact, b"a model", "application/gzip")
    assert jobs.describe(running) == Progress(TrainingStatus.COMPLETED)


@pytest.mark.parametrize(
    ("status", "again"), [(401, False), (404, False), (422, False), (429, True), (503, True)]
)
def test_what_github_refuses_for_good_ends_the_attempt(world: World, status: int, again: bool) -> None:
    def refuse(request: urllib.request.Request) -> None:
        raise urllib.error.HTTPError(request.full_url, status, "no", {}, io.BytesIO())  # type: ignore[arg-type]

    with pytest.raises(urllib.error.HTTPError if again else TrainingNotStarted):
        github(world, refuse).start(JOB)


def test_a_redirect_is_not_followed_with_the_token() -> None:
    asked: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(307)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(urllib.error.HTTPError, match="307"):
            send(
                urllib.request.Request(
                    f"http://127.0.0.1:{server.server_port}/first", data=b"{}", method="POST"
                )
            )
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["/first"]


def test_the_token_is_read_from_the_secret_store_each_time(world: World) -> None:
    assert world
    secrets: Any = boto3.client("secretsmanager", region_name=REGION)
    secrets.create_secret(Name="rollcall-github-token", SecretString="one\n")
    token = SecretToken(secrets, wiring.settings().github_token_secret)
    assert token() == "one"
    secrets.put_secret_value(SecretId="rollcall-github-token", SecretString="two")
    assert token() == "two"


def test_settings_say_who_runs_jobs() -> None:
    assert not Settings().retrains
    assert SETTINGS.retrains
    assert not Settings(retrain_with="github").retrains
    assert Settings(retrain_with="github", github_repository="school/rollcall").retrains
    for wrong in (
        {"retrain_with": "hand"},
        {"github_repository": "https://github.com/x"},
        {"training_wait_seconds": 1},
    ):
        with pytest.raises(ValueError, match="ROLLCALL_"):
            Settings(**wrong)  # type: ignore[arg-type]
