"""Batch transform: a folder of melodies in S3 is accompanied, and the songs are put into another.

How many requests go at once, and how large one may be, the container itself tells SageMaker
(`/execution-parameters`), for it knows its machine.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from launcher.aws.connection import Connection, told
from launcher.aws.log_tail import TRANSFORMS, last_log_lines, log_hint
from launcher.aws.options import AwsOptions
from launcher.aws.tags import tags_of, written_tags
from launcher.aws.waiting import watch
from launcher.errors import LauncherError

MIDI, JSON_LINES = "audio/midi", "application/jsonlines"
ENDED = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True)
class Batch:
    """One batch transform.

    Attributes:
        name: of the job.
        model: the name of a model in SageMaker.
        served: what the model is of: an endpoint, a job or an archive.
        source: S3 URI that the keys of the requests begin with.
        output: S3 URI of the folder of the answers, each named as its request and `.out`.
        instance: the type.
        kind: of requests and answers, `MIDI` or `JSON_LINES`.
    """

    name: str
    model: str
    served: str
    source: str
    output: str
    instance: str
    kind: str = MIDI

    def describe(self) -> dict[str, Any]:
        """Returns everything, ready for JSON."""
        return {
            "name": self.name,
            "model": self.model,
            "served": self.served,
            "source": self.source,
            "output": self.output,
            "instance": self.instance,
            "content_type": self.kind,
        }


def transform_request(batch: Batch, options: AwsOptions) -> dict[str, Any]:
    """Returns CreateTransformJob's request."""
    source = {"S3DataType": "S3Prefix", "S3Uri": batch.source}
    output = {"S3OutputPath": batch.output, "Accept": batch.kind}
    resources: dict[str, Any] = {"InstanceType": batch.instance, "InstanceCount": 1}
    request_input: dict[str, Any] = {
        "DataSource": {"S3DataSource": source},
        "ContentType": batch.kind,
    }
    if batch.kind == JSON_LINES:  # a line is a request; the answers have the order of the lines
        request_input["SplitType"] = "Line"
        output["AssembleWith"] = "Line"
    if options.kms_key:
        output["KmsKeyId"] = options.kms_key
        resources["VolumeKmsKeyId"] = options.kms_key
    return {
        "TransformJobName": batch.name,
        "ModelName": batch.model,
        "TransformInput": request_input,
        "TransformOutput": output,
        "TransformResources": resources,
        "Tags": written_tags(tags_of(batch.name, batch.served, options.resource_tags)),
    }


def run_batch(
    connection: Connection, batch: Batch, options: AwsOptions, tell: Callable[[str], None]
) -> None:
    """Starts a batch transform and waits for its end; Ctrl-C stops it.

    Raises:
        LauncherError: `batch_failed` with the reason and the end of the container's log,
            `batch_stopped` if somebody else has stopped it, or what `told` says of AWS.
    """
    client = connection.client("sagemaker")
    with told(f"start the batch transform {batch.name}"):
        client.create_transform_job(**transform_request(batch, options))
    tell(f"{batch.name}: SageMaker gets the machine, the image and the model; some minutes")
    try:
        found = watch(lambda: _describe(connection, batch.name), _is_over, tell)
    except KeyboardInterrupt:
        with contextlib.suppress(LauncherError), told("stop it"):
            client.stop_transform_job(TransformJobName=batch.name)
            tell(f"{batch.name} has been asked to stop; what is in {batch.output} stays.")
        raise
    if found["TransformJobStatus"] != "Completed":
        raise _failure(connection, batch, found)


def _describe(connection: Connection, name: str) -> dict[str, Any]:
    with told(f"look at the batch transform {name}"):
        client = connection.client("sagemaker")
        return dict(client.describe_transform_job(TransformJobName=name))


def _is_over(found: dict[str, Any]) -> bool:
    return found["TransformJobStatus"] in ENDED


def _failure(connection: Connection, batch: Batch, found: dict[str, Any]) -> LauncherError:
    if found["TransformJobStatus"] == "Stopped":
        return LauncherError(
            "batch_stopped",
            f"The batch transform {batch.name} was stopped.",
            f"What it had answered until then is in {batch.output}.",
        )
    reason = str(found.get("FailureReason", "SageMaker gives no reason")).rstrip(".")
    lines = last_log_lines(connection, TRANSFORMS, f"{batch.name}/")
    return LauncherError(
        "batch_failed",
        f"The batch transform {batch.name} failed: {reason}.",
        log_hint(lines, f"Check that {batch.source} holds nothing but {batch.kind}."),
    )
