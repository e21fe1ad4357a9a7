"""Goes on with a training job: SageMaker runs each job once, so another one takes its checkpoints.

What the old job had, the new one has, too, unless something else is said today.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from launcher.aws.options import AwsOptions
from launcher.aws.upload import split_uri
from launcher.errors import LauncherError
from launcher.names import MAX_LENGTH

_NUMBERED = re.compile(r"(.*[^-])-(\d{1,3})")
_RUNS = "/runs"


def next_name(name: str, is_free: Callable[[str], bool]) -> str:
    """Returns the name of a job that goes on with another: `mine-2`, then `mine-3`.

    Args:
        name: of the job that has ended.
        is_free: whether no job has a name yet.
    """
    match = _NUMBERED.fullmatch(name)
    base, number = (match[1], int(match[2])) if match else (name, 1)
    while True:
        number += 1
        end = f"-{number}"
        found = base[: MAX_LENGTH - len(end)].rstrip("-") + end
        if is_free(found):
            return found


def options_of(said: Mapping[str, Any]) -> AwsOptions:
    """Returns what would ask for a job such as this one.

    Args:
        said: what DescribeTrainingJob answers; it does not tell of tags.
    """
    bucket, path = split_uri(str(said["OutputDataConfig"]["S3OutputPath"]).rstrip("/"))
    resources, limits = said.get("ResourceConfig", {}), said.get("StoppingCondition", {})
    network = said.get("VpcConfig", {})
    spot = bool(said.get("EnableManagedSpotTraining"))
    values = {
        "role": said.get("RoleArn"),
        "bucket": bucket,
        "prefix": path.removesuffix(_RUNS) if path.endswith(_RUNS) else None,
        "image": said.get("AlgorithmSpecification", {}).get("TrainingImage"),
        "kms_key": said["OutputDataConfig"].get("KmsKeyId") or None,
        "subnets": network.get("Subnets", []),
        "security_groups": network.get("SecurityGroupIds", []),
        "network_isolation": said.get("EnableNetworkIsolation") or None,
        "spot": spot or None,
        "max_runtime": limits.get("MaxRuntimeInSeconds"),
        "max_wait": limits.get("MaxWaitTimeInSeconds") if spot else None,
        "keep_alive": resources.get("KeepAlivePeriodInSeconds"),
        "volume_gb": resources.get("VolumeSizeInGB"),
        "retries": said.get("RetryStrategy", {}).get("MaximumRetryAttempts"),
        "environment": said.get("Environment", {}),
    }
    return AwsOptions(**{name: value for name, value in values.items() if value is not None})


def checkpoints_of(said: Mapping[str, Any]) -> str:
    """Returns the S3 URI of a job's checkpoints.

    Raises:
        LauncherError: `no_checkpoints` if it keeps none.
    """
    uri = said.get("CheckpointConfig", {}).get("S3Uri")
    if not uri:
        raise LauncherError(
            "no_checkpoints",
            f"The job {said['TrainingJobName']} keeps no checkpoints.",
            "Start a new job: those of this launcher keep them.",
        )
    return str(uri)
