"""What SageMaker takes of an endpoint, found before it is asked; `limits` has what jobs share.

The numbers are of SageMaker's API reference (CreateEndpointConfig, CreateModel) and of the
developer guide's page on serverless endpoints.
"""

import re

from launcher.aws.limits import (
    Found,
    environment_faults,
    name_faults,
    place_faults,
    tag_faults,
    uri_faults,
)
from launcher.aws.options import AwsOptions

SERVERLESS_MB = 2048
SERVERLESS_CONCURRENCY = 5

_MEMORIES_MB = range(1024, 6145, 1024)
_CONCURRENCIES = range(1, 201)
_VOLUMES_GB = range(1, 513)
_MOST_INSTANCES = 1000  # a typing error, rather than a quota
_MIN_TTL_S = 60
_OWN_TAGS = 4
_ENVIRONMENT_BYTES = 32 << 10  # all variables of a model

_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")
_RANGE = re.compile(r"(\d{1,4}):(\d{1,4})", re.ASCII)

# Serverless endpoints have none of these (developer guide, serverless-endpoints).
_NOT_SERVERLESS = (
    "asynchronous",
    "autoscale",
    "subnets",
    "security_groups",
    "network_isolation",
    "volume_gb",
)
_ONLY_SERVERLESS = ("memory_mb", "max_concurrency")


def hosting_faults(endpoint: str, instance: str, options: AwsOptions) -> Found:
    """Checks all that an endpoint is made of.

    Args:
        endpoint: its name.
        instance: the type; `ml` if none was said.
        options: what has been said of AWS.
    """
    special = _serverless_faults if options.serverless else _instance_faults
    return [
        *name_faults("endpoint", endpoint),
        *special(instance, options),
        *place_faults(options),
        *model_environment_faults(options),
        *tag_faults(options.resource_tags, reserved=_OWN_TAGS),
        *_time_faults(options),
    ]


def batch_faults(source: str, output: str, instance: str, options: AwsOptions) -> Found:
    """Checks all that a batch transform is made of."""
    return [
        *uri_faults("from", source),
        *uri_faults("to", output),
        *instance_faults(instance),
        *place_faults(options),
        *model_environment_faults(options),
        *tag_faults(options.resource_tags, reserved=_OWN_TAGS),
    ]


def model_environment_faults(options: AwsOptions) -> Found:
    """Checks the variables of a model's container."""
    values = options.environment
    faults = environment_faults(values, most=100, key_length=1024, value_length=1024)
    size = sum(len(f"{name}{value}".encode()) for name, value in values.items())
    if size > _ENVIRONMENT_BYTES:
        faults.append(f"`environment` has {size} bytes, more than {_ENVIRONMENT_BYTES}")
    return faults


def instance_faults(instance: str) -> Found:
    """Checks the type of an instance."""
    if _INSTANCE.fullmatch(instance):
        return []
    return [f"`instance` must be a type such as ml.m5.large; {instance!r} is not"]


def instance_range(autoscale: str | None) -> tuple[int, int] | None:
    """Returns the least and the most instances; None if they are not written like `1:4`."""
    if autoscale is None:
        return (1, 1)
    match = _RANGE.fullmatch(autoscale)
    low, high = (int(match[1]), int(match[2])) if match else (0, 0)
    return (low, high) if 1 <= low <= high <= _MOST_INSTANCES else None


def _serverless_faults(instance: str, options: AwsOptions) -> Found:
    faults = [] if instance == "ml" else [f"`serverless` excludes `instance` {instance}"]
    excluded = [name for name in _NOT_SERVERLESS if getattr(options, name)]
    faults += [f"`serverless` excludes `{name}`" for name in excluded]
    if options.memory_mb is not None and options.memory_mb not in _MEMORIES_MB:
        known = ", ".join(map(str, _MEMORIES_MB))
        faults.append(f"`memory_mb` must be one of {known}, not {options.memory_mb}")
    if options.max_concurrency is not None and options.max_concurrency not in _CONCURRENCIES:
        faults.append(f"`max_concurrency` must be 1 to 200, not {options.max_concurrency}")
    return faults


def _instance_faults(instance: str, options: AwsOptions) -> Found:
    said = [name for name in _ONLY_SERVERLESS if getattr(options, name) is not None]
    faults = [f"`{name}` is for `serverless` only" for name in said] + instance_faults(instance)
    if options.volume_gb is not None and options.volume_gb not in _VOLUMES_GB:
        faults.append(f"`volume_gb` must be 1 to 512, not {options.volume_gb}")
    if instance_range(options.autoscale) is None:
        rule = "the least and the most instances, such as 1:4"
        faults.append(f"`autoscale` must be {rule}; {options.autoscale!r} is not")
    return faults


def _time_faults(options: AwsOptions) -> Found:
    if options.ttl is None or options.ttl >= _MIN_TTL_S:
        return []
    return [f"`ttl` must be {_MIN_TTL_S} seconds at least, not {options.ttl}"]
