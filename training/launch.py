"""Starts a training job on SageMaker by hand, with the SDK that is too large for a Lambda:

    pip install -r training/requirements-launch.txt
    python -m training.launch --job rollcall-retrain-… --bucket rollcall-pictures-… --image … --role arn:aws:iam::…

It learns from the dataset of a job that the service has in hand, as that job does: to try another image or instance, or
to see why one fails. What comes of it lies beside the service's own artefacts and goes into service nowhere: the
service asks about the jobs that it started, and about no others.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.train import ModelTrainer

CHANNELS = ("templates", "champion")
METRICS = ("validation_fnir", "test_fnir", "test_fpir", "fnir_difference")
# Rollcall tells nobody how it is used, and its tools do not either.
SDK_CONFIG = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}
# The SDK wants a role that may enter networks and log anywhere; ours may read datasets and write what was made.
os.environ.setdefault("SAGEMAKER_VALIDATE_ROLE", "false")


@dataclass(frozen=True)
class Launch:
    """`job_id`: whose dataset is learned from. `wait_seconds`: for spare instances and the run itself."""

    job_id: str
    bucket: str
    image: str
    role: str
    prefix: str = "rollcall"
    instance: str = "ml.m5.xlarge"
    volume_gb: int = 30
    spot: bool = True
    run_seconds: int = 3600
    wait_seconds: int = 14_400


def trainer_of(launch: Launch, session: "Session") -> "ModelTrainer":
    """Asks SageMaker for what the service asks for, but that ModelTrainer gives the job a name of its own and no
    entry point: that of the image is the same (training/Dockerfile). It begins unlike the service's jobs, so that
    their rule does not match.
    """
    from sagemaker.core.training.configs import (
        Compute,
        InputData,
        MetricDefinition,
        Networking,
        OutputDataConfig,
        StoppingCondition,
        Tag,
    )
    from sagemaker.train import ModelTrainer

    trainer = ModelTrainer(
        sagemaker_session=session,
        role=launch.role,
        base_job_name=f"{launch.prefix}-by-hand",
        training_image=launch.image,
        compute=Compute(
            instance_type=launch.instance,
            instance_count=1,
            volume_size_in_gb=launch.volume_gb,
            enable_managed_spot_training=launch.spot,
        ),
        networking=Networking(enable_network_isolation=True),
        stopping_condition=StoppingCondition(
            max_runtime_in_seconds=launch.run_seconds,
            **({"max_wait_time_in_seconds": launch.wait_seconds} if launch.spot else {}),
        ),
        input_data_config=[
            InputData(channel_name=name, data_source=f"s3://{launch.bucket}/training/{launch.job_id}/{name}/")
            for name in CHANNELS
        ],
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{launch.bucket}/training-output/"),
        tags=[Tag(key="rollcall", value=launch.prefix)],
    )
    return trainer.with_metric_definitions(
        [MetricDefinition(name=name, regex=rf"\b{name}=(-?[0-9.]+(?:e-?[0-9]+)?)") for name in METRICS]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    given = vars(_parser().parse_args(arguments))
    wait = given.pop("wait")
    launch = Launch(**given)
    try:
        from sagemaker.core.helper.session_helper import Session
    except ModuleNotFoundError as error:
        print(f"{error}. Install training/requirements-launch.txt.", file=sys.stderr)
        return 2
    trainer_of(launch, Session(sagemaker_config=SDK_CONFIG)).train(wait=wait, logs=wait)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.launch", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--job", dest="job_id", required=True, help="the service's job whose dataset is learned from"
    )
    parser.add_argument("--bucket", required=True, help="the service's bucket")
    parser.add_argument("--image", required=True, help="built from training/Dockerfile, in ECR")
    parser.add_argument("--role", required=True, help="the ARN of what the job may do")
    parser.add_argument("--prefix", default=Launch.prefix, help="of the service's resources")
    parser.add_argument("--instance", default=Launch.instance)
    parser.add_argument("--volume-gb", type=int, default=Launch.volume_gb)
    parser.add_argument(
        "--on-demand", dest="spot", action="store_false", help="an instance that nobody takes away"
    )
    parser.add_argument("--run-seconds", type=int, default=Launch.run_seconds)
    parser.add_argument("--wait-seconds", type=int, default=Launch.wait_seconds, help="with a spot instance")
    parser.add_argument("--wait", action="store_true", help="until the job ends, and show its log")
    return parser


if __name__ == "__main__":
    sys.exit(main())
