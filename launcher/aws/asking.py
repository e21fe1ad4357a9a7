"""Requests to endpoints in SageMaker: answered at once, or through S3."""

import json
import re
import time
import uuid
from typing import Any

from launcher.asking import JSON, refusal
from launcher.aws.connection import Connection, error_code, error_message, told
from launcher.aws.upload import split_uri
from launcher.errors import LauncherError

# InvokeEndpoint's body by its API reference; serverless endpoints by the developer guide.
MAX_BYTES = 6_291_456
MAX_SERVERLESS_BYTES = 4 << 20

RETRY_S = (1.0, 2.0, 4.0, 8.0)  # pauses while an endpoint has no room
POLL_S = 2.0
PATIENCE_S = 900.0  # as long as SageMaker gives an asynchronous request, which may also wait

_NO_ROOM = frozenset({"ThrottlingException", "ModelNotReadyException", "ServiceUnavailable"})


def ask_now(connection: Connection, name: str, body: bytes, *, serverless: bool) -> bytes:
    """Sends JSON to an endpoint and returns its JSON answer.

    Raises:
        LauncherError: what the model refuses, with its own code; `too_large`, `not_ready`,
            `no_such_endpoint`, or what `told` says of AWS.
    """
    _check_size(len(body), serverless=serverless)
    for pause in RETRY_S:
        try:
            return _invoke(connection, name, body)
        except LauncherError as fault:
            if fault.code != "not_ready":
                raise
        time.sleep(pause)
    return _invoke(connection, name, body)


def ask_later(connection: Connection, name: str, output: str, body: bytes) -> bytes:
    """Sends JSON through S3, and waits for the answer there.

    Args:
        connection: the way to AWS.
        name: of the endpoint.
        output: the S3 URI of the folder of its answers.
        body: the request.

    Raises:
        LauncherError: what the model refuses, with its own code; `no_answer_yet`.
    """
    bucket, key = split_uri(output.rstrip("/"))
    key = f"{key.rpartition('/')[0]}/input/{uuid.uuid4()}.json"
    s3, runtime = connection.client("s3"), connection.client("sagemaker-runtime")
    with told(f"put the request into s3://{bucket}"):
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=JSON)
    with told(f"ask the endpoint {name}"):
        place = runtime.invoke_endpoint_async(
            EndpointName=name, InputLocation=f"s3://{bucket}/{key}", ContentType=JSON, Accept=JSON
        )
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if (answer := _read(s3, place["OutputLocation"])) is not None:
            return answer
        if (fault := _read(s3, place["FailureLocation"])) is not None:
            raise model_fault(fault.decode("utf-8", "replace"), 0, name)
        time.sleep(POLL_S)
    raise LauncherError(
        "no_answer_yet",
        f"The endpoint {name} has not answered for {PATIENCE_S / 60:.0f} minutes.",
        f"The answer will be at {place['OutputLocation']}, or the reason at "
        f"{place['FailureLocation']}.",
    )


def model_fault(text: str, status: int, name: str) -> LauncherError:
    """Returns what our server says of a request, also from within SageMaker's own words."""
    for start in (match.start() for match in re.finditer(r"\{", text)):
        try:
            content, _ = json.JSONDecoder().raw_decode(text[start:])
            return LauncherError(content["error"], content["message"], content["hint"])
        except (ValueError, KeyError, TypeError):
            continue
    if status:
        return refusal(text.encode(), status, name)
    said = text.strip()[:300].rstrip(".")
    return LauncherError(
        "endpoint_error",
        f"The endpoint {name} could not answer: {said}.",
        f"`python -m launcher.status {name}` shows where its log is.",
    )


def _check_size(size: int, *, serverless: bool) -> None:
    most = MAX_SERVERLESS_BYTES if serverless else MAX_BYTES
    if size > most:
        kind = "a serverless endpoint" if serverless else "an endpoint in AWS"
        raise LauncherError(
            "too_large",
            f"The request has {size} bytes; {kind} takes {most}.",
            "Give a shorter piece or the melody alone, or deploy with --asynchronous.",
        )


def _invoke(connection: Connection, name: str, body: bytes) -> bytes:
    from botocore.exceptions import ClientError

    client = connection.client("sagemaker-runtime")
    with told(f"ask the endpoint {name}"):
        try:
            answer = client.invoke_endpoint(
                EndpointName=name, ContentType=JSON, Accept=JSON, Body=body
            )
            return bytes(answer["Body"].read())
        except ClientError as error:
            if (fault := _refusal(error, name)) is not None:
                raise fault from error
            raise


def _refusal(error: Any, name: str) -> LauncherError | None:
    """Returns what is known of a fault; None if AWS's own words must do."""
    code = error_code(error)
    if code == "ModelError":
        said = str(error.response.get("OriginalMessage", ""))
        return model_fault(said, int(error.response.get("OriginalStatusCode", 500)), name)
    if code in _NO_ROOM:
        return LauncherError(
            "not_ready",
            f"The endpoint {name} had no room for the request, again and again ({code}).",
            "Repeat the command in a minute; `--autoscale` gives an endpoint more room.",
        )
    if code == "ValidationError" and "not found" in error_message(error):
        return LauncherError(
            "no_such_endpoint",
            f"There is no endpoint {name} in service.",
            f"`python -m launcher.status {name}` shows how it is.",
        )
    return None


def _read(client: Any, uri: str) -> bytes | None:
    from botocore.exceptions import ClientError

    bucket, key = split_uri(uri)
    with told(f"read {uri}"):
        try:
            return bytes(client.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error_code(error) in ("404", "NoSuchKey"):
                return None
            raise
