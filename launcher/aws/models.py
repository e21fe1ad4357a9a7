"""Where in S3 a model is that SageMaker shall serve."""

from collections.abc import Callable
from pathlib import Path

from launcher.aws.connection import Connection, error_code, told
from launcher.aws.options import AwsOptions
from launcher.aws.places import prefix_of
from launcher.aws.upload import split_uri, upload
from launcher.records import JOB_FILE, Job


def model_data(
    connection: Connection, artifact: Path, options: AwsOptions, tell: Callable[[str], None]
) -> str:
    """Returns the S3 URI of a model: where its job has put it, else it is put into our bucket.

    Args:
        connection: the way to AWS.
        artifact: the model.tar.gz here.
        options: what has been said of AWS; its bucket is known.
        tell: called with a few words before something is sent.
    """
    if (uri := _of_its_job(connection, artifact)) is not None:
        return uri
    tell("Uploading the model")
    return upload(
        connection,
        artifact,
        options.bucket or "",
        f"{prefix_of(options)}/models",
        kms_key=options.kms_key,
    )


def _of_its_job(connection: Connection, artifact: Path) -> str | None:
    """Returns where a job in this region has left this very file, if it is still there."""
    folder = artifact.parents[1]
    if not (folder / JOB_FILE).is_file():
        return None
    job = Job.read(folder)
    remote = job.remote
    if remote is None or remote.output is None or remote.region != connection.region:
        return None
    uri = f"{remote.output.rstrip('/')}/output/{job.artifact.name}"
    same = artifact == job.artifact and _size(connection, uri) == artifact.stat().st_size
    return uri if same else None


def _size(connection: Connection, uri: str) -> int | None:
    from botocore.exceptions import ClientError

    bucket, key = split_uri(uri)
    with told(f"look at {uri}"):
        try:
            return int(connection.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if error_code(error) in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
