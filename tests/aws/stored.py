"""What SageMaker itself writes to S3 and to CloudWatch's logs, past all recording of calls."""

import time

from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

GROUPS = {
    "TrainingJob": "/aws/sagemaker/TrainingJobs",
    "HyperParameterTuningJob": "/aws/sagemaker/TrainingJobs",
    "TransformJob": "/aws/sagemaker/TransformJobs",
}


def log_place(kind, record):
    """The log group and the stream of a job or an endpoint."""
    name = record.request[f"{kind.word}Name"]
    if kind.word == "Endpoint":
        return f"/aws/sagemaker/Endpoints/{name}", "AllTraffic/i-0123456789abcdef0"
    return GROUPS[kind.word], f"{name}/algo-1-{int(record.created.timestamp())}"


def write_log(kind, record, lines, region="us-east-1"):
    """Appends lines; group and stream appear with the first of them."""
    if not lines:
        return
    group, stream = log_place(kind, record)
    backend = logs_backends[ACCOUNT][region]
    if group not in backend.groups:
        backend.create_log_group(group, {})
    if stream not in backend.groups[group].streams:
        backend.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines]
    backend.put_log_events(group, stream, events)


def split_uri(uri):
    """`s3://bucket/some/key` to bucket and key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def write_object(uri, content):
    bucket, key = split_uri(uri)
    s3_backends[ACCOUNT]["aws"].put_object(bucket, key, content)


def write_file(uri, path):
    """Writes a file's content."""
    write_object(uri, path.read_bytes())


def delete_object(uri):
    bucket, key = split_uri(uri)
    s3_backends[ACCOUNT]["aws"].delete_object(bucket, key)


def read_object(uri):
    bucket, key = split_uri(uri)
    found = s3_backends[ACCOUNT]["aws"].get_object(bucket, key)
    return None if found is None else found.value


def list_objects(uri):
    """URIs of all objects that begin so."""
    bucket, key = split_uri(uri)
    keys = s3_backends[ACCOUNT]["aws"].get_bucket(bucket).keys
    return sorted(f"s3://{bucket}/{name}" for name in keys if name.startswith(key))
