"""What the launcher's policies allow, and what its calls need: the two must be the same.

Statements whose names begin with `Implied` allow what AWS asks for beside the calls themselves.
"""

import functools
from collections import defaultdict
from fnmatch import fnmatchcase

from tests.infra.templates import launcher_statements, listed, read_template

BUCKET = "accompanist-123456789012-us-east-1"

# What IAM calls an action, where that is not what the API calls it.
_PERMISSIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
}
_FREE = {"sts:GetCallerIdentity"}  # cannot be forbidden
_OF_ADMINISTRATORS = ("cloudformation:",)  # `launcher.setup` makes what the policy is a part of

# What AWS does in the name of whoever makes an endpoint scale (Application Auto Scaling's guide).
_OF_SCALING = {
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricAlarm",
    "iam:CreateServiceLinkedRole",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
}


def needed(calls):
    """The actions that must be allowed for calls, as (asked for, implied)."""
    asked, implied = set(), set()
    for action, parameters in calls:
        if action.startswith(_OF_ADMINISTRATORS) or action in _FREE:
            continue
        asked.add(_PERMISSIONS.get(action, action))
        if action.startswith("sagemaker:Create"):
            implied |= {"sagemaker:AddTags"} if parameters.get("Tags") else set()
            implied |= {"iam:PassRole"} if "RoleArn" in str(parameters) else set()
        if action.startswith("application-autoscaling:"):
            implied |= _OF_SCALING
    return asked, implied


@functools.cache
def allowed():
    """The actions that the policy allows, as (asked for, implied)."""
    asked, implied = set(), set()
    for statement in launcher_statements(read_template()["Resources"]):
        found = implied if statement["Sid"].startswith("Implied") else asked
        found |= set(listed(statement["Action"]))
    return asked, implied


def refused(calls):
    """What is not allowed of calls: actions, objects of S3, and what has no tag of ours."""
    actions = set().union(*needed(calls)) - set().union(*allowed())
    files = _allowed_files()
    for action, parameters in calls:
        permission = _PERMISSIONS.get(action, action)
        if "Key" in parameters and permission in files:
            arn = f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}"
            if not any(fnmatchcase(arn, pattern) for pattern in files[permission]):
                actions.add(f"{action} of {arn}")
        tags = {each["Key"] for each in parameters.get("Tags", [])}
        if action.startswith("sagemaker:Create") and "accompanist" not in tags:
            actions.add(f"{action} without the tag `accompanist`")
    return sorted(actions)


@functools.cache
def _allowed_files():
    """The patterns of objects that each action on S3 is allowed for."""
    found = defaultdict(list)
    for statement in launcher_statements(read_template()["Resources"]):
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                pattern = resource.get("Fn::Sub", "") if isinstance(resource, dict) else resource
                if pattern.startswith("${Bucket.Arn}/"):
                    pattern = pattern.replace("${Bucket.Arn}", f"arn:aws:s3:::{BUCKET}")
                    found[action].append(pattern.replace("${Prefix}", "accompanist"))
    return found
