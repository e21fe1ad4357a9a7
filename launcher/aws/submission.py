"""Submits a training job through the SageMaker SDK, and exactly what was asked for.

Nothing here sends telemetry or asks IAM about the role: those are `ModelTrainer`'s.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from launcher.aws.connection import Connection, error_code, error_message, told
from launcher.errors import LauncherError

_CLOCKS_S = 300  # by which two clocks may differ; AWS refuses more


def submit(connection: Connection, body: Mapping[str, Any]) -> None:
    """Makes a training job.

    A request whose answer was lost is repeated by botocore and then refused, because the job is
    there: if it is the one that was asked for just now, all is well.

    Args:
        connection: the way to AWS.
        body: the request of CreateTrainingJob.

    Raises:
        LauncherError: `job_exists`, `quota`, or as `connection.told` says.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from pydantic import ValidationError

    began = datetime.now(UTC)
    name = str(body["TrainingJobName"])
    with told(f"submit the training job {name}"):
        try:
            _create(connection, body)
        except (BotoCoreError, ClientError, ValidationError) as error:
            if _is_there(connection, body, began):
                return
            raise _refusal(name, error) from error


def _create(connection: Connection, body: Mapping[str, Any]) -> None:
    """Makes the job, and describes it, which may fail on its own."""
    from sagemaker.core.resources import TrainingJob
    from sagemaker.core.utils.code_injection.codec import transform

    fields = transform(dict(body), "CreateTrainingJobRequest")
    TrainingJob.create(**fields, session=connection.session, region=connection.region)


def _is_there(connection: Connection, body: Mapping[str, Any], began: datetime) -> bool:
    """Whether this very request has made a job; False where that cannot be found out."""
    from botocore.exceptions import BotoCoreError, ClientError

    client = connection.client("sagemaker")
    try:
        found = client.describe_training_job(TrainingJobName=body["TrainingJobName"])
    except (BotoCoreError, ClientError):
        return False
    alike = _marks(found) == _marks(body)
    return alike and bool(found["CreationTime"] > began - timedelta(seconds=_CLOCKS_S))


def _marks(job: Mapping[str, Any]) -> tuple[Any, ...]:
    """Returns what tells jobs apart; a description has defaults beside what was asked for."""
    return (
        job.get("HyperParameters"),
        job.get("RoleArn"),
        str(job.get("OutputDataConfig", {}).get("S3OutputPath")).rstrip("/"),
        job.get("CheckpointConfig", {}).get("S3Uri"),
        job.get("AlgorithmSpecification", {}).get("TrainingImage"),
    )


def _refusal(name: str, error: Exception) -> Exception:
    code = error_code(error)
    if code == "ResourceInUse":
        return LauncherError(
            "job_exists",
            f"There is already a job {name} in this account and region.",
            "Choose another --name: SageMaker never gives one twice, even if a job was deleted.",
        )
    if code == "ResourceLimitExceeded":
        return LauncherError(
            "quota",
            f"The account may not have such a job: {error_message(error).rstrip('.')}.",
            "Ask for more under Service Quotas, Amazon SageMaker, or take another --instance.",
        )
    return error
