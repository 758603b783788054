"""Training jobs on SageMaker, by boto3: its SDK is too large for a Lambda."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.domain.errors import TrainingNotStarted
from chalicelib.domain.retraining import OUTPUTS, Progress, RetrainingJob, TrainingStatus
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from botocore.client import BaseClient

ENTRY_POINT = ["python", "-m", "training.retrain"]
# Lines such as `test_fnir=0.012300;` of the job's log become metrics in CloudWatch.
METRICS = ("validation_fnir", "test_fnir", "test_fpir", "fnir_difference")
STATUSES = {
    "InProgress": TrainingStatus.IN_PROGRESS,
    "Stopping": TrainingStatus.IN_PROGRESS,
    "Deleting": TrainingStatus.STOPPED,
    "Completed": TrainingStatus.COMPLETED,
    "Failed": TrainingStatus.FAILED,
    "Stopped": TrainingStatus.STOPPED,
}
THERE_ALREADY = "ResourceInUse"
UNKNOWN = ("not found", "could not find")
# Asked again, the same would be answered: everything else may pass.
REFUSALS = (
    "ValidationException",
    "AccessDeniedException",
    "ResourceLimitExceeded",
    "ResourceNotFound",
    "UnrecognizedClientException",
)


@dataclass(frozen=True)
class SageMakerTrainingJobs:
    """No network and no credentials inside: the job reads its channels and writes its model, by its role."""

    sagemaker: "BaseClient"
    settings: Settings

    def start(self, job: RetrainingJob) -> None:
        sagemaker: Any = self.sagemaker
        try:
            sagemaker.create_training_job(**request_of(job, self.settings))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in REFUSALS:
                raise TrainingNotStarted(f"{code}: {error.response['Error'].get('Message', '')}") from error
            if code != THERE_ALREADY:
                raise

    def describe(self, job: RetrainingJob) -> Progress | None:
        sagemaker: Any = self.sagemaker
        try:
            described = sagemaker.describe_training_job(TrainingJobName=job.job_id)
        except ClientError as error:
            said = error.response["Error"].get("Message", "").lower()
            if any(words in said for words in UNKNOWN):
                return None
            raise
        return Progress(STATUSES[described["TrainingJobStatus"]], described.get("FailureReason"))


def request_of(job: RetrainingJob, settings: Settings) -> Mapping[str, Any]:
    """What CreateTrainingJob is asked."""
    spot = bool(settings.training_spot)
    bucket = f"s3://{settings.bucket}"
    lasts = {"MaxRuntimeInSeconds": settings.training_run_seconds}
    if spot:
        lasts["MaxWaitTimeInSeconds"] = settings.training_wait_seconds
    return {
        "TrainingJobName": job.job_id,
        "RoleArn": settings.training_role,
        "AlgorithmSpecification": {
            "TrainingImage": settings.training_image,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ENTRY_POINT,
            "MetricDefinitions": [
                {"Name": name, "Regex": rf"\b{name}=(-?[0-9.]+(?:e-?[0-9]+)?)"} for name in METRICS
            ],
        },
        "InputDataConfig": [
            _channel(name, f"{bucket}/{job.dataset}{name}/") for name in ("templates", "champion")
        ],
        "OutputDataConfig": {"S3OutputPath": f"{bucket}/{OUTPUTS}"},
        "ResourceConfig": {
            "InstanceType": settings.training_instance,
            "InstanceCount": 1,
            "VolumeSizeInGB": settings.training_volume_gb,
        },
        "StoppingCondition": lasts,
        "EnableManagedSpotTraining": spot,
        "EnableNetworkIsolation": True,
        "Tags": [{"Key": "rollcall", "Value": settings.prefix}],
    }


def _channel(name: str, prefix: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": prefix, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}
