"""What SageMaker says of a training job, as a record of ours; words that it invents are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from launcher.records import ENDED, Job, Remote

# `Stopped` alone would not tell why.
_REASONS = {
    "MaxRuntimeExceeded": "It was stopped after {runtime}, its max_runtime; what it saved is kept.",
    "MaxWaitTimeExceeded": "It was stopped after {wait}, its max_wait, most of which it may have "
    "waited for spare capacity; what it saved is kept.",
}


def seen_job(folder: Path, said: Mapping[str, Any], before: Job | None, region: str) -> Job:
    """Returns the record of a job.

    Args:
        folder: of the job on this machine.
        said: what DescribeTrainingJob answers.
        before: the record as it was; None if there was none.
        region: where the job is.
    """
    status = str(said.get("TrainingJobStatus", "Unknown"))
    transitions = said.get("SecondaryStatusTransitions", [])
    job = before or _first_record(folder, said)
    remote = job.remote or Remote(region, "")
    return replace(
        job,
        status=status,
        secondary_status=str(said.get("SecondaryStatus", status)),
        created=_moment(said.get("CreationTime")) or job.created,
        started=_moment(said.get("TrainingStartTime")),
        ended=_ended(said, status),
        attempts=1 + sum(each.get("Status") == "Interrupted" for each in transitions),
        failure_reason=_reason(said),
        remote=replace(
            remote,
            arn=str(said.get("TrainingJobArn", remote.arn)),
            output=output_folder(said),
            spot=bool(said.get("EnableManagedSpotTraining", False)),
            training_seconds=said.get("TrainingTimeInSeconds"),
            billable_seconds=said.get("BillableTimeInSeconds"),
            phases=_phases(transitions),
        ),
    )


def output_folder(said: Mapping[str, Any]) -> str:
    """Returns the S3 URI of the folder of a job in S3, without a slash at its end."""
    path = str(said["OutputDataConfig"]["S3OutputPath"]).rstrip("/")
    return f"{path}/{said['TrainingJobName']}"


def data_uri(said: Mapping[str, Any]) -> str:
    """Returns the S3 URI of a job's data set; empty if it lies elsewhere."""
    for channel in said.get("InputDataConfig", []):
        source = channel.get("DataSource", {}).get("S3DataSource", {})
        if channel.get("ChannelName") == "train":
            return str(source.get("S3Uri", ""))
    return ""


def spot_savings(remote: Remote) -> float | None:
    """Returns the share of the price that spare capacity has saved, in percent.

    It is `(1 - BillableTimeInSeconds / TrainingTimeInSeconds) * 100`, as AWS's guide has it.
    """
    trained, billed = remote.training_seconds, remote.billable_seconds
    if not remote.spot or not trained or billed is None:
        return None
    return (1 - billed / trained) * 100


def _first_record(folder: Path, said: Mapping[str, Any]) -> Job:
    values = said.get("HyperParameters", {})
    iterations = str(values.get("iterations", ""))
    resources = said.get("ResourceConfig", {})
    return Job(
        folder,
        str(said["TrainingJobName"]),
        instance=str(resources.get("InstanceType", "ml")),
        status="",
        secondary_status="",
        data=data_uri(said),
        iterations=int(iterations) if iterations.isdecimal() else 0,
        created="",
        image=said.get("AlgorithmSpecification", {}).get("TrainingImage"),
    )


def _reason(said: Mapping[str, Any]) -> str | None:
    if reason := said.get("FailureReason"):
        return str(reason)
    words = _REASONS.get(str(said.get("SecondaryStatus")))
    limits = said.get("StoppingCondition", {})
    return words and words.format(
        runtime=f"{limits.get('MaxRuntimeInSeconds', '?')} s",
        wait=f"{limits.get('MaxWaitTimeInSeconds', '?')} s",
    )


def _phases(transitions: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Returns each state with what SageMaker adds to it, which changes while the state lasts."""
    return tuple(
        _phase(str(each.get("Status", "")), str(each.get("StatusMessage", "")))
        for each in transitions
    )


def _phase(status: str, message: str) -> str:
    return f"{status}: {message}" if message and message != status else status


def _ended(said: Mapping[str, Any], status: str) -> str | None:
    """Returns when it ended; a job that never came to train has no end of training."""
    if status not in ENDED:
        return None
    return _moment(said.get("TrainingEndTime") or said.get("LastModifiedTime"))


def _moment(time: datetime | None) -> str | None:
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
