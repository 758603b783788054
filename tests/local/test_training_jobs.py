"""SageMaker on loopback: a job really runs, ends in each of its ways, tells of it, and leaves nothing behind."""

import http.client
import io
import json
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

from infra.local.cloud import LocalCloud
from infra.local.ports import listen
from infra.local.request_model import compiled
from infra.local.sagemaker import OPERATIONS, sagemaker
from infra.local.training_run import Runner
from infra.local.work_folder import work_folder

STAND_IN = Path(__file__).with_name("training_stand_in.py")
BUCKET = "pictures"
ROLE = "arn:aws:iam::123456789012:role/rollcall-training"
ALGORITHM = {"TrainingImage": "rollcall-training:1", "TrainingInputMode": "File"}
NAME = "rollcall-retrain-0123456789abcdef0123"


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    cloud = LocalCloud(listen(0, "--aws-port"))
    cloud.start()
    client = cloud.client("s3")
    client.create_bucket(Bucket=BUCKET)
    for key in ("t/1/templates/dataset.json", "t/1/templates/deep/people.jsonl", "t/1/champion/model.json"):
        client.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    yield client
    client.close()
    cloud.stop()


@dataclass
class Playing:
    """A running service, its client, and what it told."""

    client: Any
    root: Path
    told: list[Any] = field(default_factory=list)

    def start(self, do: str = "finish", name: str = NAME, **changed: Any) -> None:
        self.client.create_training_job(**request(do, name, **changed))

    def job(self, name: str = NAME) -> Any:
        return self.client.describe_training_job(TrainingJobName=name)

    def ended(self, name: str = NAME) -> Any:
        until = time.monotonic() + 20
        while (job := self.job(name))["TrainingJobStatus"] in ("InProgress", "Stopping"):
            assert time.monotonic() < until, job
            time.sleep(0.02)
        return job

    def folders(self) -> list[str]:
        return [path.name for path in self.root.iterdir() if path.is_dir()]


Play = Callable[..., AbstractContextManager[Playing]]
SESSION = boto3.session.Session("local", "local", region_name="us-east-1")


@contextmanager
def playing_in(home: Path, s3: Any, grace_seconds: float = 10) -> Iterator[Playing]:
    told: list[Any] = []
    config = Config(proxies={}, retries={"max_attempts": 0}, parameter_validation=False)
    with work_folder("training-", home) as root:
        image = {"ROLLCALL_PACK_DIR": "/packs/pypi"}
        runner = Runner(s3, (sys.executable, "-S", str(STAND_IN)), image, root, grace_seconds)
        with sagemaker(listen(0, "--aws-port"), runner, told.append) as url:
            client = SESSION.client("sagemaker", endpoint_url=url, config=config)
            yield Playing(client, root, told)
            client.close()
    assert not root.exists()


@pytest.fixture
def play(s3: Any, tmp_path: Path) -> Play:
    return partial(playing_in, tmp_path, s3)


@pytest.fixture(scope="module")
def idle(s3: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playing]:
    """Nothing ever runs there."""
    with playing_in(tmp_path_factory.mktemp("idle"), s3) as playing:
        yield playing
        assert playing.client.list_training_jobs()["TrainingJobSummaries"] == []


def request(do: str = "finish", name: str = NAME, **changed: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": ALGORITHM,
        "HyperParameters": {"do": f'"{do}"', "text": "plain"},
        "InputDataConfig": [channel("templates"), channel("champion")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/training-output"},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        "EnableNetworkIsolation": True,
        "EnableManagedSpotTraining": True,
        "Tags": [{"Key": "rollcall", "Value": "Ärna skola 1"}],
        **changed,
    }


def channel(name: str, uri: str | None = None) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri or f"s3://{BUCKET}/t/1/{name}"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def written(s3: Any, name: str, file: str = "model.tar.gz") -> dict[str, bytes]:
    key = f"training-output/{name}/output/{file}"
    packed = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {each.name: tar.extractfile(each).read() for each in tar}  # type: ignore[union-attr]


def test_a_job_runs_with_sagemakers_folders_and_its_model_is_packed(
    play: Play, s3: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "secret")
    monkeypatch.setenv("ROLLCALL_BUCKET", "secret")
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    with play() as playing:
        playing.start()
        job = playing.ended()
        assert playing.folders() == []
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    stages = [each["Status"] for each in job["SecondaryStatusTransitions"]]
    assert stages == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    artefact = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert artefact == f"s3://{BUCKET}/training-output/{NAME}/output/model.tar.gz"
    said = json.loads(written(s3, NAME)["model.json"])
    given, folder = said["environment"], said["folder"]
    assert said["templates"] == ["dataset.json", "deep/people.jsonl"]
    assert {name: given[name] for name in given if name.startswith("SM_")} == {
        "SM_CHANNEL_TEMPLATES": f"{folder}/input/data/templates",
        "SM_CHANNEL_CHAMPION": f"{folder}/input/data/champion",
        "SM_MODEL_DIR": f"{folder}/model",
        "SM_OUTPUT_DIR": f"{folder}/output",
        "SM_OUTPUT_DATA_DIR": f"{folder}/output/data",
        "SM_HPS": '{"do": "finish", "text": "plain"}',
    }
    assert (given["TRAINING_JOB_NAME"], given["ROLLCALL_PACK_DIR"]) == (NAME, "/packs/pypi")
    assert (given["HOME"], Path(given["TMPDIR"])) == (folder, Path(folder, "tmp"))
    assert "secret" not in given.values()
    assert written(s3, NAME, "output.tar.gz") == {"run.log": b"offline"}
    assert f"{NAME} reading 2 files" in capfd.readouterr().out


def test_the_end_of_a_job_is_told_as_eventbridge_has_it(play: Play) -> None:
    with play() as playing:
        playing.start()
        job = playing.ended()
    assert [event["detail"]["TrainingJobStatus"] for event in playing.told] == ["InProgress", "Completed"]
    event = playing.told[-1]
    assert (event["source"], event["detail-type"]) == (
        "aws.sagemaker",
        "SageMaker Training Job State Change",
    )
    assert event["resources"] == [job["TrainingJobArn"]]
    assert event.keys() >= {"version", "id", "account", "time", "region"}
    detail = event["detail"]
    assert detail["TrainingJobName"] == NAME
    assert detail["CreationTime"] == pytest.approx(job["CreationTime"].timestamp() * 1000, abs=1)
    assert json.loads(json.dumps(event)) == event
    assert "FailureReason" not in detail


def test_a_job_that_fails_says_why(play: Play) -> None:
    with play() as playing:
        playing.start("fail")
        job = playing.ended()
        assert playing.folders() == []
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: the dataset is of another pack, exit code: 3"
    assert playing.told[-1]["detail"]["FailureReason"] == job["FailureReason"]


def test_a_job_that_cannot_be_run_at_all_fails(play: Play) -> None:
    with play() as playing:
        playing.start(OutputDataConfig={"S3OutputPath": "s3://nobody-s/place"})
        job = playing.ended()
        assert playing.folders() == []
    assert (job["TrainingJobStatus"], job["FailureReason"].partition(":")[0]) == (
        "Failed",
        "InternalServerError",
    )


def test_a_job_is_stopped_and_what_it_has_written_is_kept(
    play: Play, s3: Any, eventually: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    name = f"{NAME}-stopped"
    printed: list[str] = []
    with play() as playing:
        playing.start("hang", name)
        eventually(lambda: printed.append(capfd.readouterr().out) or "waiting" in "".join(printed))
        playing.client.stop_training_job(TrainingJobName=name)
        assert playing.job(name)["TrainingJobStatus"] in ("Stopping", "Stopped")
        job = playing.ended(name)
        assert playing.folders() == []
        with pytest.raises(ClientError, match="is in status Stopped"):
            playing.client.stop_training_job(TrainingJobName=name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert "told to stop" in capfd.readouterr().out
    assert playing.told[-1]["detail"]["TrainingJobStatus"] == "Stopped"
    assert "model.json" in written(s3, name)


def test_a_job_that_does_not_listen_is_killed(play: Play, eventually: Any) -> None:
    with play(grace_seconds=0.2) as playing:
        playing.start("ignore")
        eventually(lambda: playing.job()["SecondaryStatus"] == "Training")
        playing.client.stop_training_job(TrainingJobName=NAME)
        assert playing.ended()["TrainingJobStatus"] == "Stopped"


def test_a_job_that_takes_too_long_is_stopped(play: Play) -> None:
    with play() as playing:
        playing.start("hang", StoppingCondition={"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1})
        job = playing.ended()
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_what_a_job_started_ends_with_it(play: Play) -> None:
    started = time.monotonic()
    with play() as playing:
        playing.start("orphan")
        assert playing.ended()["TrainingJobStatus"] == "Completed"
    assert time.monotonic() - started < 20


def test_a_job_ends_with_the_service_and_nobody_is_told(play: Play, eventually: Any) -> None:
    with play() as playing:
        playing.start("hang")
        eventually(lambda: playing.job()["SecondaryStatus"] == "Training")
        assert len(playing.folders()) == 1
    assert [event["detail"]["TrainingJobStatus"] for event in playing.told] == ["InProgress"]


def test_a_name_is_taken_for_ever(play: Play) -> None:
    with play() as playing:
        playing.start()
        playing.ended()
        with pytest.raises(ClientError) as refused:
            playing.start()
        assert refused.value.response["Error"]["Code"] == "ResourceInUse"
        assert len(playing.client.list_training_jobs()["TrainingJobSummaries"]) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"TrainingJobName": "under_score"}, "TrainingJobName"),
        ({"TrainingJobName": "-dash"}, "TrainingJobName"),
        ({"TrainingJobName": "a" * 64}, "at most 63"),
        ({"RoleArn": "arn:aws:iam::1:role/x-and-more"}, "RoleArn"),
        ({"OutputDataConfig": {}}, "S3OutputPath"),
        ({"OutputDataConfig": {"S3OutputPath": "https://elsewhere/x"}}, "must go to S3"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://b/x", "CompressionType": "NONE"}}, "packs"),
        ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "TrainingImage"),
        (
            {"AlgorithmSpecification": {**ALGORITHM, "ContainerEntrypoint": ["python", "-m", "retrain"]}},
            "runs",
        ),
        ({"AlgorithmSpecification": {**ALGORITHM, "ContainerArguments": ["--fast"]}}, "runs"),
        ({"Environment": {"LD_PRELOAD": "mine.so"}}, "environment of its own"),
        ({"ResourceConfig": {"InstanceType": "ml.nothing"}}, "enum"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.xlarge"}}, "InstanceCount"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 3600}}, "spot"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": 8}}, "spot"),
        ({"EnableManagedSpotTraining": False}, "spot"),
        ({"HyperParameters": {"do": 1}}, "HyperParameters"),
        ({"Tags": [{"Key": "who?", "Value": "rollcall"}]}, "Tags"),
        ({"InputDataConfig": [channel("templates"), channel("templates")]}, "unique"),
        ({"InputDataConfig": [channel("templates", f"s3://{BUCKET}/empty")]}, "No S3 objects found"),
        ({"InputDataConfig": [channel("templates", "s3://nobody-s/bucket")]}, "No S3 objects found"),
        ({"InputDataConfig": [{**channel("templates"), "CompressionType": "Gzip"}]}, "as they are"),
        ({"InputDataConfig": [{**channel("templates"), "InputMode": "Pipe"}]}, "as they are"),
        ({"InputDataConfig": [{"ChannelName": "t", "DataSource": {}}]}, "prefixes of S3"),
    ],
)
def test_a_request_that_sagemaker_would_refuse_is_refused(
    idle: Playing, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClientError, match=said) as refused:
        idle.client.create_training_job(**{**request(), **changed})
    assert refused.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_pattern_of_the_service_can_be_asked(operation: str) -> None:
    shapes = [get_session().get_service_model("sagemaker").operation_model(operation).input_shape]
    known = set()
    while shapes:
        shape = shapes.pop()
        if shape.name not in known:
            known.add(shape.name)
            compiled(shape.metadata.get("pattern", ""))
            inner = [getattr(shape, name, None) for name in ("member", "key", "value")]
            shapes += [*getattr(shape, "members", {}).values(), *filter(None, inner)]


@pytest.mark.parametrize("member", ["AlgorithmSpecification", "ResourceConfig", "StoppingCondition"])
def test_what_every_job_needs_may_not_be_missing(idle: Playing, member: str) -> None:
    given = request()
    del given[member]
    with pytest.raises(ClientError, match=member):
        idle.client.create_training_job(**given)


def test_a_job_that_there_is_not_is_a_validation_error_as_on_aws(idle: Playing) -> None:
    for call in (idle.client.describe_training_job, idle.client.stop_training_job):
        with pytest.raises(ClientError, match="Requested resource not found") as refused:
            call(TrainingJobName="nobody")
        assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_jobs_are_listed_newest_first_by_name_and_state(play: Play) -> None:
    with play() as playing:
        for number, do in enumerate(["nothing", "fail", "nothing"]):
            playing.start(do, f"job-{number}")
            playing.ended(f"job-{number}")

        def names(**by: Any) -> list[str]:
            answer = playing.client.list_training_jobs(**by)
            return [each["TrainingJobName"] for each in answer["TrainingJobSummaries"]]

        assert names() == ["job-2", "job-1", "job-0"]
        assert names(SortBy="Name", SortOrder="Ascending") == ["job-0", "job-1", "job-2"]
        assert names(StatusEquals="Failed") == ["job-1"]
        assert names(NameContains="b-2") == ["job-2"]
        first = playing.client.list_training_jobs(MaxResults=2)
        assert names(MaxResults=2, NextToken=first["NextToken"]) == ["job-0"]
        with pytest.raises(ClientError, match="WarmPoolStatusEquals"):
            names(WarmPoolStatusEquals="InUse")


def test_nothing_is_uploaded_where_nothing_was_written(play: Play, s3: Any) -> None:
    with play() as playing:
        playing.start("nothing", "empty-handed")
        assert playing.ended("empty-handed")["TrainingJobStatus"] == "Completed"
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="training-output/empty-handed")["KeyCount"] == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"not JSON", "SerializationException"), (b'{"Unknown": 1}', "ValidationException"), (b"[]", "Validat")],
)
def test_what_no_client_would_send_is_refused_too(idle: Playing, body: bytes, code: str) -> None:
    connection = http.client.HTTPConnection(idle.client.meta.endpoint_url.removeprefix("http://"))
    connection.request("POST", "/", body, {"X-Amz-Target": "SageMaker.CreateTrainingJob"})
    answer = connection.getresponse()
    assert answer.status == 400
    assert json.loads(answer.read())["__type"].startswith(code)
    connection.close()


def test_calls_that_are_not_played_are_told(idle: Playing) -> None:
    with pytest.raises(ClientError, match="CreateModel"):
        idle.client.create_model(ModelName="m", ExecutionRoleArn=ROLE)


def test_a_folder_left_by_a_stack_that_was_killed_is_deleted_and_no_other(tmp_path: Path) -> None:
    left = tmp_path / "training-left"
    left.mkdir()
    (left / "lock").touch()
    (left / "people.jsonl").write_text("biometrics")
    with work_folder("training-", tmp_path) as first:
        assert not left.exists()
        with work_folder("training-", tmp_path) as second:
            assert first.exists()
            assert first != second
        assert first.exists()
    assert list(tmp_path.iterdir()) == []
