"""What the launcher's policy allows, and what its calls need: the two must be the same.

Statements whose names begin with `Implied` allow what AWS asks for beside the calls themselves.
"""

from tests.infra.templates import launcher_statements, listed, read_template

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


def allowed():
    """The actions that the policy allows, as (asked for, implied)."""
    asked, implied = set(), set()
    for statement in launcher_statements(read_template()["Resources"]):
        found = implied if statement["Sid"].startswith("Implied") else asked
        found |= set(listed(statement["Action"]))
    return asked, implied


def refused(calls):
    """The actions among those of calls that the policy does not allow, sorted."""
    return sorted(set().union(*needed(calls)) - set().union(*allowed()))


def untagged(calls):
    """Calls that make something without our tag, which the policy does not allow either."""
    return [
        action
        for action, parameters in calls
        if action.startswith("sagemaker:Create")
        and "accompanist" not in {each["Key"] for each in parameters.get("Tags", [])}
    ]
