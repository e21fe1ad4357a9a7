"""What is asked of SageMaker when a model shall be served: checked as a whole, then written out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from launcher.aws.hosting_limits import (
    SERVERLESS_CONCURRENCY,
    SERVERLESS_MB,
    hosting_faults,
    instance_range,
)
from launcher.aws.limits import require
from launcher.aws.networks import network_fields
from launcher.aws.options import AwsOptions
from launcher.aws.places import prefix_of
from launcher.aws.tags import EXPIRES, tags_of, written_tags
from launcher.names import generate_name

VARIANT = "AllTraffic"
# A model is a few megabytes and our server answers /ping after seconds; SageMaker's own bounds of
# an hour and eight minutes would only make a user wait for what has gone wrong.
DOWNLOAD_S, START_S = 600, 300
UPDATE_S = 3600
# Of an asynchronous endpoint's container: SageMaker waits for 900 s, and not for 60.
ASYNC_ENVIRONMENT = {"SAGEMAKER_MODEL_SERVER_TIMEOUT": "890"}

REAL_TIME, SERVERLESS, ASYNCHRONOUS = "real-time", "serverless", "asynchronous"
KINDS = {
    REAL_TIME: "answers at once, from instances of its own",
    SERVERLESS: "answers at once, without instances",
    ASYNCHRONOUS: "answers through S3",
}

_END = re.compile(r"-\d{8}-\d{6}-[a-z0-9]{4}")  # of `generate_name`
_END_LENGTH = 21


@dataclass(frozen=True)
class Hosting:
    """One deployment, as it shall be.

    Attributes:
        endpoint: its name.
        resource: what its model and its configuration are called.
        instance: the type; None if serverless.
        instances: the least and the most of them; alike without autoscaling.
        options: what has been said of AWS.
        source: the job or the archive that the model comes from.
        expires: when `sweep` may delete it.
    """

    endpoint: str
    resource: str
    instance: str | None
    instances: tuple[int, int]
    options: AwsOptions
    source: str
    expires: datetime | None = None

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        if self.options.serverless:
            return SERVERLESS
        return ASYNCHRONOUS if self.options.asynchronous else REAL_TIME

    @property
    def scales(self) -> bool:
        """Whether instances come and go."""
        return self.options.autoscale is not None

    @property
    def image(self) -> str:
        """Of the container."""
        return self.options.serve_image or ""

    @property
    def async_folder(self) -> str:
        """The S3 URI of the requests and answers of an asynchronous endpoint."""
        return f"s3://{self.options.bucket}/{prefix_of(self.options)}/async/{self.endpoint}"

    @property
    def tags(self) -> dict[str, str]:
        """Of everything that is made."""
        expires = {EXPIRES: self.expires.isoformat(timespec="seconds")} if self.expires else {}
        return tags_of(self.endpoint, self.source, self.options.resource_tags) | expires


def plan_hosting(
    endpoint: str, instance: str, options: AwsOptions, source: str, now: datetime | None = None
) -> Hosting:
    """Makes a plan of a deployment.

    Args:
        endpoint: its name.
        instance: the type, such as `ml.m5.large`; `ml` where none was said.
        options: what has been said of AWS.
        source: the job or the archive that the model comes from.
        now: the time.

    Raises:
        LauncherError: `beyond_limits`, naming all faults.
    """
    require(hosting_faults(endpoint, instance, options))
    now = now or datetime.now(UTC)
    return Hosting(
        endpoint,
        generate_name(endpoint, now),
        None if options.serverless else instance,
        instance_range(options.autoscale) or (1, 1),
        options,
        source,
        now + timedelta(seconds=options.ttl) if options.ttl else None,
    )


def is_resource_of(name: str, endpoint: str) -> bool:
    """Whether a model or a configuration could be of an endpoint, by its name."""
    start, end = name[:-_END_LENGTH], name[-_END_LENGTH:]
    return start == name_prefix(endpoint) and _END.fullmatch(end) is not None


def name_prefix(endpoint: str) -> str:
    """Returns what the names of an endpoint's models and configurations begin with."""
    return generate_name(endpoint, datetime.now(UTC))[:-_END_LENGTH]


def model_request(hosting: Hosting, model_data: str) -> dict[str, Any]:
    """Returns CreateModel's request; `model_data` is the S3 URI of a model.tar.gz."""
    options = hosting.options
    container: dict[str, Any] = {"Image": hosting.image, "ModelDataUrl": model_data}
    patience = ASYNC_ENVIRONMENT if hosting.kind == ASYNCHRONOUS else {}
    if environment := {**patience, **options.environment}:
        container["Environment"] = environment
    return {
        "ModelName": hosting.resource,
        "PrimaryContainer": container,
        "ExecutionRoleArn": options.role,
        "Tags": written_tags(hosting.tags),
        **network_fields(options),
    }


def config_request(hosting: Hosting) -> dict[str, Any]:
    """Returns CreateEndpointConfig's request."""
    options = hosting.options
    request: dict[str, Any] = {
        "EndpointConfigName": hosting.resource,
        "ProductionVariants": [_variant(hosting)],
        "Tags": written_tags(hosting.tags),
    }
    if options.kms_key:
        request["KmsKeyId"] = options.kms_key
    if hosting.kind == ASYNCHRONOUS:
        output: dict[str, Any] = {
            "S3OutputPath": f"{hosting.async_folder}/output",
            "S3FailurePath": f"{hosting.async_folder}/failures",
        }
        if options.kms_key:
            output["KmsKeyId"] = options.kms_key
        request["AsyncInferenceConfig"] = {"OutputConfig": output}
    return request


def _variant(hosting: Hosting) -> dict[str, Any]:
    options = hosting.options
    common = {"VariantName": VARIANT, "ModelName": hosting.resource}
    if hosting.kind == SERVERLESS:
        return common | {
            "ServerlessConfig": {
                "MemorySizeInMB": options.memory_mb or SERVERLESS_MB,
                "MaxConcurrency": options.max_concurrency or SERVERLESS_CONCURRENCY,
            }
        }
    volume = {"VolumeSizeInGB": options.volume_gb} if options.volume_gb else {}
    return common | {
        "InstanceType": hosting.instance,
        "InitialInstanceCount": hosting.instances[0],
        "ModelDataDownloadTimeoutInSeconds": DOWNLOAD_S,
        "ContainerStartupHealthCheckTimeoutInSeconds": START_S,
        **volume,
    }


def endpoint_request(hosting: Hosting) -> dict[str, Any]:
    """Returns CreateEndpoint's request."""
    return {
        "EndpointName": hosting.endpoint,
        "EndpointConfigName": hosting.resource,
        "Tags": written_tags(hosting.tags),
    }


def update_request(hosting: Hosting, *, scaled: bool = False) -> dict[str, Any]:
    """Returns UpdateEndpoint's request: new instances take all traffic once they are healthy.

    Otherwise they end and the old ones stay. A canary needs two instances, and alarms are for those
    who have some.

    Args:
        hosting: the deployment.
        scaled: whether scaling has chosen how many instances there are: if it goes on, there shall
            be as many, for the load is the same.
    """
    request: dict[str, Any] = {
        "EndpointName": hosting.endpoint,
        "EndpointConfigName": hosting.resource,
    }
    if scaled and hosting.scales:
        request["RetainAllVariantProperties"] = True
    if hosting.kind != SERVERLESS:
        request["DeploymentConfig"] = {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {
                    "Type": "ALL_AT_ONCE",
                    "WaitIntervalInSeconds": 0,
                },
                "TerminationWaitInSeconds": 0,
                "MaximumExecutionTimeoutInSeconds": UPDATE_S,
            }
        }
    return request


def kind_of(config: Mapping[str, Any]) -> str:
    """Returns the kind of an endpoint, from the description of its configuration."""
    if config.get("AsyncInferenceConfig"):
        return ASYNCHRONOUS
    serverless = any("ServerlessConfig" in each for each in config.get("ProductionVariants", []))
    return SERVERLESS if serverless else REAL_TIME
