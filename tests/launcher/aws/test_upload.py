"""Content-addressed objects in S3: sent once, whole or not at all."""

import boto3
import pytest

from launcher.aws import upload as module
from launcher.aws.connection import Connection
from launcher.aws.upload import upload
from launcher.errors import LauncherError
from tests.aws.fixtures import BUCKET, REGION

HASH = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of abc, FIPS 180


def put(path, **others):
    return upload(Connection(REGION), path, BUCKET, "accompanist/data", **others)


def test_the_same_content_is_sent_once_under_its_hash(aws, tmp_path):
    path = tmp_path / "phrases.npz"
    path.write_bytes(b"abc")
    uri = put(path)
    assert uri == f"s3://{BUCKET}/accompanist/data/{HASH}/phrases.npz"
    assert aws.read(uri) == b"abc"
    assert put(path) == uri
    assert aws.actions().count("s3:PutObject") == 1
    path.write_bytes(b"abd")
    assert put(path) != uri
    assert aws.actions().count("s3:PutObject") == 2


def test_a_key_encrypts_what_is_sent(aws, tmp_path):
    path = tmp_path / "phrases.npz"
    path.write_bytes(b"abc")
    put(path, kms_key="alias/music")
    (asked,) = aws.asked("PutObject")
    assert (asked["ServerSideEncryption"], asked["SSEKMSKeyId"]) == ("aws:kms", "alias/music")


def test_large_files_are_counted_and_broken_off_they_leave_nothing(aws, tmp_path):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(bytes(9 << 20))
    shown = []

    def progress(sent, total):
        shown.append((sent, total))

    aws.fail_next("s3:UploadPart", code="AccessDeniedException")
    with pytest.raises(LauncherError, match="Could not upload"):
        put(path)
    assert aws.objects() == []
    unfinished = boto3.client("s3", region_name=REGION).list_multipart_uploads(Bucket=BUCKET)
    assert unfinished.get("Uploads", []) == []
    put(path, progress=progress)
    assert shown[-1] == (9 << 20, 9 << 20)
    assert len(shown) > 1


def test_small_files_are_not_counted(aws, tmp_path):
    path = tmp_path / "phrases.npz"
    path.write_bytes(bytes(module.SHOWN_FROM - 1))
    put(path, progress=lambda *_: pytest.fail("a bar for nothing"))


@pytest.mark.parametrize(
    ("code", "action", "match"),
    [
        ("AccessDeniedException", "s3:PutObject", "forbidden"),
        ("AccessDeniedException", "s3:HeadObject", "forbidden"),
        ("NoSuchBucket", "s3:PutObject", "aws_error"),
    ],
)
def test_what_s3_refuses_is_told(aws, tmp_path, code, action, match):
    path = tmp_path / "phrases.npz"
    path.write_bytes(b"abc")
    aws.fail_next(action, code=code, status=403 if "Denied" in code else 404, message="No.")
    with pytest.raises(LauncherError, match=r"Could not (upload|look)") as error:
        put(path)
    assert error.value.code == match
