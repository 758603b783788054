"""What the sagemaker SDK asks SageMaker for, held against what the service asks for; and the job that comes of it.

No account is at hand: the SDK talks to the local stack's SageMaker, which refuses what SageMaker would refuse, and to
moto's IAM.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.training_jobs import request_of
from chalicelib.domain.retraining import RetrainingJob
from chalicelib.settings import Settings
from infra.local.cloud import LocalCloud
from infra.local.functions import ACCOUNT_ID, REGION
from infra.local.ports import listen
from infra.local.sagemaker import SageMaker
from infra.local.server import LoopbackServer
from infra.local.training_jobs import TrainingJobs
from infra.local.training_run import Runner

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "training" / "requirements-launch.txt"
STAND_IN = ROOT / "tests" / "local" / "training_stand_in.py"
JOB = "rollcall-retrain-0123456789abcdef0123"
BUCKET = "rollcall-pictures"
IMAGE = f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/rollcall-training:1"


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of an environment with the SDK, made once: some 1 GB."""
    home = ROOT / "build" / "launch-venv"
    interpreter, ready = home / "bin" / "python", home / ".installed"
    if not ready.exists() or ready.read_text() != REQUIREMENTS.read_text():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([interpreter, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
        ready.write_text(REQUIREMENTS.read_text())
    return interpreter


@dataclass
class Aws:
    """A local cloud with its SageMaker. `asked`: every CreateTrainingJob that was accepted."""

    cloud: LocalCloud
    jobs: TrainingJobs
    url: str
    role: str

    @property
    def asked(self) -> list[Mapping[str, Any]]:
        return [job.request for job in self.jobs._jobs.values()]

    def launch(self, python: Path, home: Path, *options: str) -> "subprocess.CompletedProcess[str]":
        needed = ["--job", JOB, "--bucket", BUCKET, "--image", IMAGE, "--role", self.role]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "AWS_ENDPOINT_URL": self.cloud.url,
            "AWS_ENDPOINT_URL_SAGEMAKER": self.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        return subprocess.run(
            [python, "-m", "training.launch", *needed, *options],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    with ExitStack() as undo:
        cloud = LocalCloud(listen(0, "--aws-port"))
        cloud.start()
        undo.callback(cloud.stop)
        s3 = cloud.client("s3")
        undo.callback(s3.close)
        s3.create_bucket(Bucket=BUCKET)
        for key in ("templates/dataset.json", "champion/model.json"):
            s3.put_object(Bucket=BUCKET, Key=f"training/{JOB}/{key}", Body=b"{}")
        iam = cloud.client("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sagemaker.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        role = iam.create_role(RoleName="rollcall-training", AssumeRolePolicyDocument=json.dumps(trust))
        iam.close()
        (tmp_path / "jobs").mkdir()
        runner = Runner(s3, (sys.executable, str(STAND_IN)), {}, tmp_path / "jobs")
        jobs = TrainingJobs(runner, lambda _: None)
        server = LoopbackServer(listen(0, "--aws-port"))
        server.serve(SageMaker(jobs), max_body_bytes=2**20)
        undo.callback(server.stop)
        undo.callback(jobs.end)
        yield Aws(cloud, jobs, server.url, role["Role"]["Arn"])


def ended(aws: Aws) -> dict[str, Any]:
    until = time.monotonic() + 30
    while (job := aws.jobs.all()[0])["TrainingJobStatus"] == "InProgress":
        assert time.monotonic() < until
        time.sleep(0.1)
    return job


@pytest.mark.parametrize("spot", [True, False])
def test_the_sdk_asks_for_what_the_service_asks_for(
    aws: Aws, python: Path, tmp_path: Path, spot: bool
) -> None:
    done = aws.launch(python, tmp_path, *([] if spot else ["--on-demand"]))
    assert done.returncode == 0, done.stderr
    (asked,) = aws.asked
    assert without_defaults(asked) == without_name(expected(aws.role, spot=spot))
    assert not asked["TrainingJobName"].startswith(JOB.rpartition("-")[0]), "the service's rule matches it"
    assert ended(aws)["TrainingJobStatus"] == "Completed"


def expected(role: str, *, spot: bool) -> dict[str, Any]:
    """What the service asks for."""
    settings = Settings(bucket=BUCKET, training_image=IMAGE, training_role=role, training_spot=int(spot))
    now = datetime(2026, 11, 24, tzinfo=UTC)
    job = RetrainingJob(JOB, "pypi", 1, ("r1",), now, now)
    return dict(request_of(job, settings))


def without_name(request: dict[str, Any]) -> dict[str, Any]:
    """Without what ModelTrainer gives a job by itself, or cannot give it."""
    del request["TrainingJobName"]
    del request["AlgorithmSpecification"]["ContainerEntrypoint"]
    return request


def without_defaults(asked: Mapping[str, Any]) -> dict[str, Any]:
    """ModelTrainer also says what would be so anyway."""
    request = json.loads(json.dumps(asked))
    assert request.pop("HyperParameters") == {}
    assert request["OutputDataConfig"].pop("CompressionType") == "GZIP"
    assert [channel.pop("InputMode") for channel in request["InputDataConfig"]] == ["File", "File"]
    del request["TrainingJobName"]
    return request
