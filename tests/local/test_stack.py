"""The whole of Rollcall on loopback: the template's resources, the API behind its gateway, events to functions."""

import http.client
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local import LocalStack, Options
from infra.local.poller import Handled
from infra.local.ports import PortTaken, listen
from infra.resources import load_template

STAND_IN = Path(__file__).with_name("training_stand_in.py")
TABLES = {
    name: each["Properties"]
    for name, each in load_template()["Resources"].items()
    if each["Type"] == "AWS::DynamoDB::Table"
}


@pytest.fixture(scope="module")
def handled() -> list[Handled]:
    return []


@pytest.fixture(scope="module")
def stack(handled: list[Handled]) -> Iterator[LocalStack]:
    options = Options(tick_seconds=3600, training_command=(sys.executable, str(STAND_IN)))
    with LocalStack(options, on_handled=handled.append) as running:
        yield running


@pytest.fixture
def dynamodb(stack: LocalStack) -> Iterator[Any]:
    client = stack.cloud.client("dynamodb")
    yield client
    client.close()


@pytest.fixture
def s3(stack: LocalStack) -> Iterator[Any]:
    client = stack.cloud.client("s3")
    yield client
    client.close()


def _ask(stack: LocalStack, method: str, path: str, token: str | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(stack.url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("logical_id", TABLES)
def test_a_table_is_as_the_template_says(stack: LocalStack, dynamodb: Any, logical_id: str) -> None:
    declared, name = TABLES[logical_id], stack.resources.physical_id(logical_id)
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert name == declared["TableName"]["Fn::Sub"].replace("${Prefix}", "rollcall")
    assert table["KeySchema"] == declared["KeySchema"]
    indexes = {
        each["IndexName"]: (each["KeySchema"], each["Projection"])
        for each in table.get("GlobalSecondaryIndexes", [])
    }
    assert indexes == {
        each["IndexName"]: (each["KeySchema"], each["Projection"])
        for each in declared.get("GlobalSecondaryIndexes", [])
    }
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    expected = declared.get("TimeToLiveSpecification", {}).get("AttributeName")
    assert ttl.get("AttributeName") == expected
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_the_bucket_tells_each_queue_of_its_own_uploads(stack: LocalStack, s3: Any) -> None:
    bucket = stack.resources.physical_id("PicturesBucket")
    queues = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    told = {
        each["QueueArn"]: (each["Events"], [rule["Value"] for rule in each["Filter"]["Key"]["FilterRules"]])
        for each in queues
    }
    assert told == {
        stack.resources.arn("FramesQueue"): (["s3:ObjectCreated:*"], ["frames/"]),
        stack.resources.arn("RegistrationsQueue"): (["s3:ObjectCreated:*"], ["registrations/"]),
    }


def test_the_bucket_expires_pictures_and_is_private_and_encrypted(stack: LocalStack, s3: Any) -> None:
    bucket = stack.resources.physical_id("PicturesBucket")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    parameters = stack.resources.parameters
    assert {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in rules} == {
        "frames/": int(parameters["FramePictureDays"]),
        "registrations/": int(parameters["RegistrationMediaDays"]),
        "training/": 2,
        "training-output/": 30,
    }
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


@pytest.mark.parametrize("name", ["Frames", "Registrations"])
def test_a_queue_hides_and_gives_up_as_the_template_says(stack: LocalStack, name: str) -> None:
    sqs = stack.cloud.client("sqs")
    url = stack.resources.physical_id(f"{name}Queue")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    sqs.close()
    assert attributes["VisibilityTimeout"] == stack.resources.parameters[f"{name}VisibilitySeconds"]
    redrive = json.loads(attributes["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == stack.resources.arn(f"{name}DeadLetterQueue")
    assert int(redrive["maxReceiveCount"]) == 5


def test_the_api_answers_and_knows_the_first_admin(stack: LocalStack) -> None:
    assert _ask(stack, "GET", "/v1/health")[0] == 200
    assert _ask(stack, "GET", "/v1/people", stack.admin_token)[0] == 200
    assert _ask(stack, "GET", "/v1/people")[1]["code"] == "missing_token"
    assert _ask(stack, "GET", "/v1/people", "rollcall_wrong")[1]["code"] == "invalid_token"
    assert _ask(stack, "GET", "/v2/people", stack.admin_token)[1]["code"] == "route_not_found"


def test_an_upload_reaches_its_function_and_leaves_the_queue(
    stack: LocalStack, s3: Any, handled: list[Handled], eventually: Any
) -> None:
    before = len([each for each in handled if each.function == "on_frame_uploaded"])
    s3.put_object(Bucket=stack.resources.physical_id("PicturesBucket"), Key="frames/no/record", Body=b"x")
    eventually(lambda: len([each for each in handled if each.function == "on_frame_uploaded"]) > before)
    latest = [each for each in handled if each.function == "on_frame_uploaded"][-1]
    assert (latest.messages, latest.failed) == (1, 0)


def test_a_tick_calls_the_scheduled_function(stack: LocalStack, handled: list[Handled]) -> None:
    stack.tick()
    ticked = {each.function: each.failed for each in handled[-3:]}
    assert ticked == {"on_sessions_due": 0, "on_privacy_due": 0, "on_retraining_due": 0}


def _start_job(stack: LocalStack, name: str, do: str) -> None:
    bucket = stack.resources.physical_id("PicturesBucket")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/training/1/templates"}
    with closing(boto3.session.Session().client("sagemaker")) as sagemaker:
        sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=stack.resources.arn("TrainingRole"),
            AlgorithmSpecification={"TrainingImage": "local", "TrainingInputMode": "File"},
            HyperParameters={"do": f'"{do}"'},
            InputDataConfig=[{"ChannelName": "templates", "DataSource": {"S3DataSource": source}}],
            OutputDataConfig={"S3OutputPath": f"s3://{bucket}/training-output"},
            ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )


def test_the_end_of_a_training_job_of_ours_reaches_its_function(
    stack: LocalStack, s3: Any, handled: list[Handled], eventually: Any
) -> None:
    bucket = stack.resources.physical_id("PicturesBucket")
    s3.put_object(Bucket=bucket, Key="training/1/templates/people.jsonl", Body=b"{}")
    sagemaker = boto3.session.Session().client("sagemaker")  # as the functions make theirs

    def told() -> int:
        return len([each for each in handled if each.function == "on_training_finished"])

    def states() -> set[str]:
        jobs = sagemaker.list_training_jobs()["TrainingJobSummaries"]
        return {job["TrainingJobStatus"] for job in jobs}

    _start_job(stack, "another-1", "finish")
    eventually(lambda: states() == {"Completed"})
    _start_job(stack, "rollcall-retrain-1", "finish")
    eventually(lambda: told() == 1)
    assert states() == {"Completed"}
    assert handled[-1].failed == 0
    sagemaker.close()


def test_the_user_pool_is_the_templates_and_takes_passwords_here_alone(stack: LocalStack) -> None:
    cognito = stack.cloud.client("cognito-idp")
    pool_id = stack.resources.physical_id("UserPool")
    pool = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    assert pool["Name"] == "rollcall"
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    client_id = stack.resources.physical_id("UserPoolClient")
    client = cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]
    assert "ClientSecret" not in client
    assert "ALLOW_USER_PASSWORD_AUTH" in client["ExplicitAuthFlows"]
    cognito.close()


def test_a_person_who_signs_in_with_a_password_is_recognised(stack: LocalStack) -> None:
    passwords = stack.seed_users()
    assert len(passwords) == 3
    for email, password in passwords.items():
        tokens = stack.users.sign_in(email, password)
        role = email.partition("@")[0]
        status, me = _ask(stack, "GET", "/v1/me", tokens["IdToken"])
        assert (status, me["role"], me["name"]) == (200, role, role.capitalize())
        assert _ask(stack, "GET", "/v1/people", tokens["IdToken"])[0] == (200 if role == "admin" else 403)
        status, problem = _ask(stack, "GET", "/v1/me", tokens["AccessToken"])
        assert (status, problem["code"]) == (401, "invalid_token")
        assert problem["detail"] == "Send the ID token, and not the access token."


def test_an_account_that_nobody_linked_is_told_so(stack: LocalStack) -> None:
    _, password = stack.users.add("stranger@school.example")
    token = stack.users.sign_in("stranger@school.example", password)["IdToken"]
    status, problem = _ask(stack, "GET", "/v1/me", token)
    assert (status, problem["code"]) == (401, "not_invited")


def test_everything_listens_on_loopback_only(stack: LocalStack) -> None:
    assert stack.url.startswith("http://127.0.0.1:")
    assert stack.aws_url.startswith("http://127.0.0.1:")


def test_two_stacks_after_another_share_nothing(stack: LocalStack) -> None:
    """Last: it replaces what the tests above ran on."""
    before, threads, started = dict(os.environ), threading.active_count(), time.monotonic()
    _start_job(stack, "rollcall-retrain-that-would-take-a-minute", "hang")
    stack.__exit__(None, None, None)
    assert time.monotonic() - started < 45
    assert "AWS_ENDPOINT_URL" not in os.environ
    assert threading.active_count() < threads
    with LocalStack(Options(parameters={"Prefix": "second"})) as second:
        assert os.environ["AWS_ENDPOINT_URL"] == second.aws_url != before["AWS_ENDPOINT_URL"]
        assert _ask(second, "GET", "/v1/people", stack.admin_token)[0] == 401
        assert _ask(second, "GET", "/v1/people", second.admin_token) == (
            200,
            {"items": [], "next_cursor": None},
        )
        client = second.cloud.client("dynamodb")
        assert {name.partition("-")[0] for name in client.list_tables()["TableNames"]} == {"second"}
        client.close()
    assert "AWS_ENDPOINT_URL" not in os.environ


def test_a_stack_that_cannot_start_leaves_nothing_behind() -> None:
    threads = threading.active_count()
    with listen(0, "--port") as free:
        port = free.getsockname()[1]
    with listen(0, "--aws-port") as taken, pytest.raises(PortTaken, match="--aws-port"):
        LocalStack(Options(port=port, aws_port=taken.getsockname()[1])).__enter__()
    with pytest.raises(ValueError, match="No such parameter"):
        LocalStack(Options(port=port, parameters={"Nothing": "1"})).__enter__()
    with listen(port, "--port"):
        assert threading.active_count() <= threads
