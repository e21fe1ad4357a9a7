"""How many instances an endpoint has: said to Application Auto Scaling, and taken back."""

import boto3
import pytest

from launcher.errors import LauncherError
from tests.aws.fixtures import REGION
from tests.aws.lifecycles import step
from tests.launcher.aws.serving import archive, deploy, endpoints, no_pauses, root

__all__ = ["archive", "no_pauses", "root"]

PLACE = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/choir/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def targets():
    client = boto3.client("application-autoscaling", region_name=REGION)
    found = client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    return [(each["ResourceId"], each["MinCapacity"], each["MaxCapacity"]) for each in found]


def test_a_scaling_endpoint_follows_its_load(aws, root, archive):
    phases = []
    deploy(root, archive, phases=phases, autoscale="1:4")
    assert targets() == [("endpoint/choir/variant/AllTraffic", 1, 4)]
    [policy] = aws.asked("PutScalingPolicy")
    assert policy == PLACE | {
        "PolicyName": "choir-load",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 3000.0,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 60,
        },
    }
    assert "With all 4 instances it costs 4 times as much." in phases
    wait = aws.actions().index("application-autoscaling:RegisterScalableTarget")
    assert "sagemaker:DescribeEndpoint" in aws.actions()[:wait]  # AWS refuses it before InService


def test_an_asynchronous_endpoint_follows_what_waits(aws, root, archive):
    deploy(root, archive, autoscale="1:2", asynchronous=True)
    [policy] = aws.asked("PutScalingPolicy")
    metric = policy["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
    assert metric["MetricName"] == "ApproximateBacklogSizePerInstance"
    assert metric["Dimensions"] == [{"Name": "EndpointName", "Value": "choir"}]


def test_an_update_without_scaling_ends_it(aws, root, archive):
    deploy(root, archive, autoscale="1:4")
    deploy(root, archive)
    assert targets() == []


def test_an_update_holds_scaling_and_takes_the_new_one(aws, root, archive):
    deploy(root, archive, autoscale="1:4")
    deploy(root, archive, instance="ml.c5.large", autoscale="2:3")
    actions = aws.actions()
    held = actions.index("application-autoscaling:DeregisterScalableTarget")
    assert held < actions.index("sagemaker:UpdateEndpoint")  # else SageMaker refuses it
    assert targets() == [("endpoint/choir/variant/AllTraffic", 2, 3)]


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [("1:4", "1:4", True), ("1:4", None, None), (None, "1:4", None), (None, None, None)],
)
def test_an_update_keeps_as_many_instances_as_the_load_has_called(
    aws, root, archive, before, after, kept
):
    deploy(root, archive, autoscale=before)
    deploy(root, archive, autoscale=after)
    [update] = aws.asked("UpdateEndpoint")
    assert update.get("RetainAllVariantProperties") is kept


@pytest.mark.parametrize("way", ["refused", "rolled back"])
def test_a_failed_update_leaves_scaling_as_it_was(aws, root, archive, way):
    deploy(root, archive, autoscale="1:4")
    if way == "refused":
        aws.deny("UpdateEndpoint")
    else:
        aws.script_update(["Updating", "RollingBack", step("InService", FailureReason="No.")])
    with pytest.raises(LauncherError):
        deploy(root, archive, autoscale="2:8")
    assert targets() == [("endpoint/choir/variant/AllTraffic", 1, 4)]


def test_deleting_an_endpoint_ends_its_scaling(aws, root, archive):
    deploy(root, archive, autoscale="1:4")
    assert endpoints(root).delete("choir")
    assert targets() == []
