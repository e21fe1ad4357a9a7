"""The request that makes a training job: one dictionary, as CreateTrainingJob takes it."""

from importlib.metadata import version
from typing import Any

from launcher.aws.limits import DEFAULT_RUNTIME_S
from launcher.aws.networks import network_fields
from launcher.aws.options import AwsOptions
from launcher.aws.places import checkpoints_uri, runs_uri
from launcher.aws.tags import OURS, written_tags
from launcher.layout import CHANNEL
from launcher.request import TrainingRequest
from training.metric_lines import METRIC_DEFINITIONS

CHECKPOINTS = "/opt/ml/checkpoints"

_VOLUME_GB = 30
_INSTANCES = 1


def training_job(
    request: TrainingRequest,
    options: AwsOptions,
    data_uri: str,
    *,
    checkpoints: str | None = None,
) -> dict[str, Any]:
    """Returns the request of CreateTrainingJob, field by field what is sent.

    Args:
        request: name, instance and hyperparameters.
        options: with role, bucket and image.
        data_uri: of the data set in S3: an object, or what the keys of its objects begin with.
        checkpoints: S3 URI of those to go on from; None for the job's own.
    """
    uri = checkpoints or checkpoints_uri(options, request.name)
    body: dict[str, Any] = {
        "TrainingJobName": request.name,
        "HyperParameters": dict(request.hyperparameters),
        "AlgorithmSpecification": _algorithm(options),
        "RoleArn": options.role,
        "InputDataConfig": [_channel(data_uri)],
        "OutputDataConfig": _with_key({"S3OutputPath": runs_uri(options)}, "KmsKeyId", options),
        "ResourceConfig": _resources(request.instance, options),
        "StoppingCondition": _stopping(options),
        "CheckpointConfig": {"S3Uri": uri, "LocalPath": CHECKPOINTS},
        "Tags": written_tags({**options.resource_tags, OURS: version("accompanist")}),
        **network_fields(options),
    }
    if options.spot:
        body["EnableManagedSpotTraining"] = True
    if options.environment:
        body["Environment"] = dict(options.environment)
    if options.retries is not None:
        body["RetryStrategy"] = {"MaximumRetryAttempts": options.retries}
    return body


def max_runtime(options: AwsOptions) -> int:
    """Returns after how many seconds a job is stopped."""
    return DEFAULT_RUNTIME_S if options.max_runtime is None else options.max_runtime


def _algorithm(options: AwsOptions) -> dict[str, Any]:
    return {
        "TrainingImage": options.image,
        "TrainingInputMode": "File",
        "MetricDefinitions": [
            {"Name": name, "Regex": expression} for name, expression in METRIC_DEFINITIONS
        ],
    }


def _channel(data_uri: str) -> dict[str, Any]:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": data_uri,
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": CHANNEL, "DataSource": {"S3DataSource": source}}


def _resources(instance: str, options: AwsOptions) -> dict[str, Any]:
    resources: dict[str, Any] = {
        "InstanceType": instance,
        "InstanceCount": _INSTANCES,
        "VolumeSizeInGB": options.volume_gb or _VOLUME_GB,
    }
    if options.keep_alive:
        resources["KeepAlivePeriodInSeconds"] = options.keep_alive
    return _with_key(resources, "VolumeKmsKeyId", options)


def _stopping(options: AwsOptions) -> dict[str, int]:
    longest = max_runtime(options)
    condition = {"MaxRuntimeInSeconds": longest}
    if options.spot:
        wait = 2 * longest if options.max_wait is None else options.max_wait
        condition["MaxWaitTimeInSeconds"] = wait
    return condition


def _with_key(config: dict[str, Any], field: str, options: AwsOptions) -> dict[str, Any]:
    return {**config, field: options.kms_key} if options.kms_key else config
