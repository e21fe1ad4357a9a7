"""How many instances an endpoint has, left to AWS's Application Auto Scaling."""

from typing import Any

from launcher.aws.connection import Connection, error_message, told
from launcher.aws.hosting import VARIANT

# Requests a minute of one instance: half of what two cores answer (docs/http.md), for instances
# come minutes after they are needed.
INVOCATIONS = 3000.0
BACKLOG = 20.0  # waiting requests of an instance that takes them from S3
GROW_S, SHRINK_S = 60, 300

_METRIC = "SageMakerVariantInvocationsPerInstance"


def scale(
    connection: Connection, endpoint: str, low: int, high: int, *, asynchronous: bool
) -> None:
    """Lets the instances of an endpoint come and go.

    Args:
        connection: the way to AWS.
        endpoint: its name; it must be in service.
        low: the least instances.
        high: the most.
        asynchronous: whether it takes its requests from S3.
    """
    client = connection.client("application-autoscaling")
    target = _target(endpoint)
    with told(f"set up the scaling of {endpoint}"):
        client.register_scalable_target(**target, MinCapacity=low, MaxCapacity=high)
        client.put_scaling_policy(
            **target,
            PolicyName=f"{endpoint}-load",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                **_load(endpoint, asynchronous=asynchronous),
                "ScaleInCooldown": SHRINK_S,
                "ScaleOutCooldown": GROW_S,
            },
        )


def hold(connection: Connection, endpoint: str) -> tuple[int, int] | None:
    """Ends the scaling of an endpoint, if it has any: SageMaker wants that before an update.

    Returns:
        The least and the most instances that it had.
    """
    client = connection.client("application-autoscaling")
    target = _target(endpoint)
    with told(f"look at the scaling of {endpoint}"):
        found = client.describe_scalable_targets(
            ServiceNamespace=target["ServiceNamespace"], ResourceIds=[target["ResourceId"]]
        )["ScalableTargets"]
    if not found:
        return None
    release(connection, endpoint)
    return int(found[0]["MinCapacity"]), int(found[0]["MaxCapacity"])


def release(connection: Connection, endpoint: str) -> None:
    """Ends the scaling of an endpoint with its policy; where there is none, all is well."""
    from botocore.exceptions import ClientError

    with told(f"end the scaling of {endpoint}"):
        try:
            client = connection.client("application-autoscaling")
            client.deregister_scalable_target(**_target(endpoint))
        except ClientError as error:
            if "no scalable target found" not in error_message(error).lower():
                raise


def _target(endpoint: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def _load(endpoint: str, *, asynchronous: bool) -> dict[str, Any]:
    if not asynchronous:
        metric = {"PredefinedMetricType": _METRIC}
        return {"TargetValue": INVOCATIONS, "PredefinedMetricSpecification": metric}
    backlog = {
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Namespace": "AWS/SageMaker",
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
        "Statistic": "Average",
    }
    return {"TargetValue": BACKLOG, "CustomizedMetricSpecification": backlog}
