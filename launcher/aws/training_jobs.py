"""What is asked of SageMaker about training jobs that are there."""

import time
from typing import Any

from launcher.aws.connection import Connection, error_code, error_message, told
from launcher.errors import LauncherError
from launcher.records import ENDED


def describe(connection: Connection, name: str) -> dict[str, Any]:
    """Returns what DescribeTrainingJob answers.

    Raises:
        LauncherError: `no_such_job`, or as `connection.told` says.
    """
    from botocore.exceptions import ClientError, ParamValidationError

    with told(f"look at the training job {name}"):
        try:
            client = connection.client("sagemaker")
            return dict(client.describe_training_job(TrainingJobName=name))
        except (ClientError, ParamValidationError) as error:
            if _is_absent(error):
                raise _no_such_job(name, connection.region) from error
            raise


def stop_job(connection: Connection, name: str) -> None:
    """Asks a job to stop; one that has just ended by itself is left as it is."""
    from botocore.exceptions import ClientError

    with told(f"stop the training job {name}"):
        try:
            connection.client("sagemaker").stop_training_job(TrainingJobName=name)
        except ClientError as error:
            if error_code(error) != "ValidationException" or "status" not in error_message(error):
                raise


def end_job(connection: Connection, name: str, *, poll_s: float, patience_s: float) -> None:
    """Stops a job and waits, because it writes to S3 until it ends.

    Raises:
        LauncherError: `not_stopped` if it has not ended after `patience_s`.
    """
    stop_job(connection, name)
    deadline = time.monotonic() + patience_s
    while describe(connection, name)["TrainingJobStatus"] not in ENDED:
        if time.monotonic() > deadline:
            raise LauncherError(
                "not_stopped",
                f"The job {name} has not ended {patience_s:.0f} s after it was asked to.",
                "Repeat the command later.",
            )
        time.sleep(poll_s)


def _is_absent(error: Exception) -> bool:
    """Whether SageMaker says that there is no such job, or that no job can have such a name."""
    code = error_code(error)
    if not code:
        return True  # not even botocore takes the name
    return code in ("ResourceNotFound", "ValidationException") and (
        "not found" in error_message(error) or "regular expression" in error_message(error)
    )


def _no_such_job(name: str, region: str) -> LauncherError:
    return LauncherError(
        "no_such_job",
        f"There is no job {name!r} here, nor in AWS in {region}.",
        "Give the whole name of a job that was started elsewhere; is it in another --region?",
    )
