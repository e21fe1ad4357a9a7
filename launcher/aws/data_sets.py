"""Data sets of jobs in AWS: in S3 under the hash of their content, or wherever they lie there."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from launcher.aws.connection import Connection
from launcher.aws.options import AwsOptions
from launcher.aws.places import data_prefix
from launcher.aws.upload import file_hash, upload
from launcher.datasets import DataSet, Progress, is_in_s3
from launcher.layout import PHRASES


def send_data(
    connection: Connection, options: AwsOptions, data: DataSet, sent: Progress | None = None
) -> str:
    """Sends a data set to S3 if it is not there; returns its URI.

    Args:
        connection: the way to AWS.
        options: with a bucket.
        data: what is sent; one in S3 stays as it is.
        sent: called with (bytes, bytes in all) of a large one.

    Raises:
        LauncherError: as `connection.told` says.
    """
    if is_in_s3(data.name):
        return data.name
    with _file_of(data) as file:
        return upload(
            connection,
            file,
            str(options.bucket),
            data_prefix(options),
            kms_key=options.kms_key,
            progress=sent,
        )


def place_of_data(options: AwsOptions, data: DataSet) -> str:
    """Returns the URI that `send_data` would; `<bucket>` stands for one that is not known."""
    if is_in_s3(data.name):
        return data.name
    bucket = options.bucket or "<bucket>"
    with _file_of(data) as file:
        return f"s3://{bucket}/{data_prefix(options)}/{file_hash(file)}/{file.name}"


@contextlib.contextmanager
def _file_of(data: DataSet) -> Iterator[Path]:
    """Yields a data set as a file with the name that it has in a channel."""
    with tempfile.TemporaryDirectory(prefix="accompanist-") as folder:
        file = Path(folder, PHRASES)
        if data.file is None:
            data.write(file)
        else:
            file.symlink_to(data.file.resolve())
        yield file
