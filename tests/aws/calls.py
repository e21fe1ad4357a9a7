"""Every call that is made of AWS: written down, and what each of them needs leave for."""

from botocore.handlers import BUILTIN_HANDLERS

# What IAM calls an action, where that is not what the API calls it.
PERMISSIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "sagemaker:InvokeEndpointWithResponseStream": "sagemaker:InvokeEndpoint",
    "monitoring:GetMetricStatistics": "cloudwatch:GetMetricStatistics",
    "monitoring:GetMetricData": "cloudwatch:GetMetricData",
    "monitoring:DescribeAlarms": "cloudwatch:DescribeAlarms",
    "monitoring:PutMetricAlarm": "cloudwatch:PutMetricAlarm",
    "monitoring:DeleteAlarms": "cloudwatch:DeleteAlarms",
}
FREE = {"sts:GetCallerIdentity"}  # cannot be forbidden

_recorders = []


def permissions(calls):
    """The actions that a policy must allow for these calls, as IAM writes them."""
    needed = set()
    for action, parameters in calls:
        needed.add(PERMISSIONS.get(action, action))
        if action.startswith("sagemaker:Create"):
            needed |= {"sagemaker:AddTags"} if parameters.get("Tags") else set()
            roles = str(parameters)
            needed |= {"iam:PassRole"} if "RoleArn" in roles else set()
    return needed - FREE


def _record(params, model, **_):
    for recorder in _recorders:
        recorder.append((f"{model.service_model.signing_name}:{model.name}", dict(params)))


# Of every session that is made from now on. Parameters are seen before they are checked, once for
# each call, however often it is tried.
BUILTIN_HANDLERS.append(("provide-client-params", _record))


def begin_recording():
    """Returns a list to which every call of this process is added: (`service:Action`, what for)."""
    calls = []
    _recorders.append(calls)
    return calls


def end_recording(calls):
    _recorders[:] = [each for each in _recorders if each is not calls]
