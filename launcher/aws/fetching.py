"""Brings what a training job has made from S3, to where a job of this machine has it."""

import shutil
from pathlib import Path

from launcher.archives import unpack
from launcher.aws.connection import Connection, error_code, told
from launcher.aws.upload import Sent, counter, split_uri
from launcher.drafts import draft_of
from launcher.errors import LauncherError
from launcher.folders import remove_folder

# SageMaker's names, and where what is packed in them lies in a job's folder. The last one is moved
# last: where it is, all is.
_ARCHIVES = {"output.tar.gz": Path("output", "data"), "model.tar.gz": Path("model")}


def is_fetched(folder: Path) -> bool:
    """Whether model and results of a job are in its folder."""
    return (folder / "output" / "model.tar.gz").exists()


def fetch_into(
    connection: Connection, output: str, folder: Path, *, progress: Sent | None = None
) -> None:
    """Brings model and output data of a job, packed and unpacked; all of it, or nothing.

    Args:
        connection: the way to AWS.
        output: the S3 URI of the job's folder.
        folder: the job's folder here.
        progress: called with (bytes, bytes in all) of what is large.

    Raises:
        LauncherError: `no_results` if the job has left none; `bad_archive`; or as
            `connection.told` says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = draft_of(folder / "fetched")
    draft.mkdir()
    try:
        found = [name for name in _ARCHIVES if _bring(connection, output, name, draft, progress)]
        if not found:
            raise LauncherError(
                "no_results",
                f"There are neither a model nor other results in {output}/output/.",
                "A job that failed before it saved leaves none; its log tells why.",
            )
        for name in found:
            unpack(draft / name, draft / _unpacked(name))
        (folder / "output").mkdir(exist_ok=True)
        for name in found:
            _put(draft / _unpacked(name), folder / _ARCHIVES[name])
        for name in found:
            (draft / name).replace(folder / "output" / name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _unpacked(name: str) -> str:
    return name.removesuffix(".tar.gz")


def _put(new: Path, place: Path) -> None:
    """Moves a folder to its place; what a fetch that was broken off has left there goes."""
    if place.exists():
        remove_folder(place)
    new.rename(place)


def _bring(
    connection: Connection, output: str, name: str, draft: Path, progress: Sent | None
) -> bool:
    """Downloads an archive; returns whether there is one."""
    from botocore.exceptions import ClientError

    bucket, key = split_uri(f"{output}/output/{name}")
    client = connection.client("s3")
    with told(f"bring {name} from s3://{bucket}"):
        try:
            size = int(client.head_object(Bucket=bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if error_code(error) in ("404", "NoSuchKey", "NotFound"):
                return False
            raise
        with (draft / name).open("wb") as file:
            client.download_fileobj(bucket, key, file, Callback=counter(size, progress))
    return True
