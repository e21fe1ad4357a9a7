"""Deletes what a training job has in S3; only if it is a job of this launcher."""

from collections.abc import Iterator
from typing import Any

from launcher.aws.connection import Connection, told
from launcher.aws.tags import OURS, read_tags
from launcher.aws.upload import split_uri
from launcher.errors import LauncherError

_AT_ONCE = 1000  # that S3 deletes by one request


def require_ours(connection: Connection, name: str, arn: str) -> None:
    """Refuses to touch what another program has made.

    Raises:
        LauncherError: `not_ours`.
    """
    with told(f"look at the tags of {name}"):
        found = connection.client("sagemaker").list_tags(ResourceArn=arn)
    if OURS not in read_tags(found.get("Tags", [])):
        raise LauncherError(
            "not_ours",
            f"The training job {name} was not made by this launcher.",
            "Delete its files in S3 by hand if they are yours.",
        )


def remove_files(connection: Connection, output: str) -> int:
    """Deletes all objects of a job; returns how many there were.

    Args:
        connection: the way to AWS.
        output: the S3 URI of the job's folder.
    """
    bucket, key = split_uri(output)
    client = connection.client("s3")
    count = 0
    with told(f"delete {output}/"):
        for keys in _pages(client, bucket, f"{key}/"):
            answer = client.delete_objects(
                Bucket=bucket, Delete={"Objects": [{"Key": each} for each in keys], "Quiet": True}
            )
            if failed := answer.get("Errors"):
                raise LauncherError(
                    "aws_error",
                    f"Could not delete {failed[0]['Key']}: {failed[0].get('Message', '')}.",
                    "Repeat the command; what is left is deleted then.",
                )
            count += len(keys)
    return count


def _pages(client: Any, bucket: str, prefix: str) -> Iterator[list[str]]:
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": _AT_ONCE}
    )
    for page in pages:
        if found := [each["Key"] for each in page.get("Contents", [])]:
            yield found
