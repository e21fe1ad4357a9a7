"""A folder in S3 that takes the files of a job."""

import functools
from collections.abc import Mapping
from typing import Any

from container.output_files import content_type
from container.s3_faults import explain

JOB_VARIABLE = "TRAINING_JOB_NAME"
ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_S3", "S3_ENDPOINT_URL")  # the second is local mode's

_CONNECT_S = 5
_READ_S = 20
# The caller tries again. boto3 would do so with the random numbers that everybody shares, and which
# the training has seeded.
_ATTEMPTS = 1


class S3Folder:
    """Where the files of one job go.

    Args:
        uri: `s3://bucket/prefix`; the name of the job follows it, as it does in the other outputs
            of SageMaker, so that jobs with the same hyperparameters do not overwrite each other.
        environ: the environment, which may name the job, a region and an endpoint of S3.

    Attributes:
        uri: with the name of the job, without a slash at its end.
    """

    def __init__(self, uri: str, environ: Mapping[str, str]) -> None:
        # Here, while nothing else is imported: two threads that import the same modules at once,
        # this one's and the training's, may see them half done.
        import boto3  # noqa: F401

        job = environ.get(JOB_VARIABLE, "")
        self.uri = "/".join([uri.rstrip("/"), *filter(None, [job])])
        self._bucket, _, self._prefix = self.uri.removeprefix("s3://").partition("/")
        self._environ = environ

    def put(self, name: str, data: bytes) -> None:
        """Uploads one file: S3 shows it whole or not at all.

        Args:
            name: its path below this folder.
            data: its content.

        Raises:
            UploadError: if S3 has not taken it.
        """
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=f"{self._prefix}/{name}",
                Body=data,
                ContentType=content_type(name),
            )
        except Exception as error:  # boto3 also lets errors of other libraries through
            raise explain(error, self.uri) from error

    @functools.cached_property
    def _client(self) -> Any:
        from boto3.session import Session
        from botocore.config import Config

        environ = self._environ
        config = Config(
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        return Session().client(
            "s3",
            # SageMaker sets the one, boto3 reads the other.
            region_name=environ.get("AWS_DEFAULT_REGION") or environ.get("AWS_REGION"),
            endpoint_url=next(filter(None, map(environ.get, ENDPOINT_VARIABLES)), None),
            config=config,
        )
