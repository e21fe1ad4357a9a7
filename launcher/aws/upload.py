"""Files in S3 under the hash of their content: what is there already is not sent again."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from launcher.aws.connection import Connection, error_code, told

# What is smaller is there before a bar could be read.
SHOWN_FROM = 8 << 20

Sent = Callable[[int, int], None]


def upload(
    connection: Connection,
    path: Path,
    bucket: str,
    key_prefix: str,
    *,
    kms_key: str | None = None,
    progress: Sent | None = None,
) -> str:
    """Puts a file into S3, unless this very content is there.

    An upload that is broken off leaves no object; its parts are given up.

    Args:
        connection: the way to AWS.
        path: of the file.
        bucket: where to.
        key_prefix: the key is this, the hash of the content, and the file's name.
        kms_key: encrypts the object; None for the bucket's own encryption.
        progress: called with (bytes sent, bytes in all) of what is not small.

    Returns:
        The object's S3 URI.

    Raises:
        LauncherError: as `connection.told` says.
    """
    key = f"{key_prefix}/{file_hash(path)}/{path.name}"
    client = connection.client("s3")
    if not _is_there(client, bucket, key):
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        with path.open("rb") as file, told(f"upload {path.name} to s3://{bucket}"):
            client.upload_fileobj(
                file, bucket, key, ExtraArgs=extra, Callback=counter(path.stat().st_size, progress)
            )
    return f"s3://{bucket}/{key}"


def file_hash(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def split_uri(uri: str) -> tuple[str, str]:
    """Returns bucket and key of an S3 URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _is_there(client: Any, bucket: str, key: str) -> bool:
    from botocore.exceptions import ClientError

    with told(f"look into s3://{bucket}"):
        try:
            client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in ("404", "NoSuchKey", "NotFound"):
                return False
            raise
    return True


def counter(total: int, progress: Sent | None) -> Callable[[int], None] | None:
    """Returns what boto3 calls with the size of each part, if so much is worth a bar."""
    if progress is None or total < SHOWN_FROM:
        return None
    done = 0

    def count(size: int) -> None:  # called by several threads, one at a time
        nonlocal done
        done += size
        progress(done, total)

    return count
