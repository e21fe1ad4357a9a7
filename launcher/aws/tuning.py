"""Hyperparameter tuning: many training jobs, each with what the others have taught."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from launcher.aws.connection import Connection, error_code, told
from launcher.aws.limits import Found
from launcher.aws.waiting import watch
from launcher.errors import LauncherError
from launcher.tuning_ranges import Range

OBJECTIVE = "headline"  # of docs/quality.md: one number for all that is good, 0 to 100
ENDED = frozenset({"Completed", "Failed", "Stopped", "DeleteFailed"})

_MOST_JOBS, _MOST_AT_ONCE = 750, 100  # of SageMaker's quotas, the largest that is given

# Each job would find the checkpoints of another, for SageMaker does not say that it keeps them
# apart; one that is interrupted on spare capacity starts anew.
_OF_ONE_JOB = ("TrainingJobName", "HyperParameters", "CheckpointConfig", "Tags")


@dataclass(frozen=True)
class Tuning:
    """A tuning as it was found.

    Attributes:
        name: of the tuning.
        status: InProgress, Completed, Failed, Stopping or Stopped.
        counts: how many jobs have which state, in SageMaker's words.
        best: the name of the best job so far.
        score: its headline.
        hyperparameters: its values of what is searched.
        failure_reason: why the tuning failed.
    """

    name: str
    status: str
    counts: Mapping[str, int] = field(default_factory=dict)
    best: str | None = None
    score: float | None = None
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    failure_reason: str | None = None

    def describe(self) -> dict[str, Any]:
        """Returns everything, ready for JSON."""
        return {
            "name": self.name,
            "status": self.status,
            "jobs": dict(self.counts),
            "best": self.best,
            OBJECTIVE: self.score,
            "hyperparameters": dict(self.hyperparameters),
            "failure_reason": self.failure_reason,
        }


def tuning_faults(max_jobs: int, parallel: int) -> Found:
    """Checks how many jobs there shall be."""
    faults = []
    if not 1 <= max_jobs <= _MOST_JOBS:
        faults.append(f"`max_jobs` must be 1 to {_MOST_JOBS}, not {max_jobs}")
    if not 1 <= parallel <= min(max(max_jobs, 1), _MOST_AT_ONCE):
        most = f"`max_jobs`, and {_MOST_AT_ONCE}"
        faults.append(f"`parallel` must be 1 to {most}, not {parallel}")
    return faults


def tuning_request(
    name: str, job: Mapping[str, Any], ranges: Sequence[Range], max_jobs: int, parallel: int
) -> dict[str, Any]:
    """Returns CreateHyperParameterTuningJob's request.

    Args:
        name: of the tuning.
        job: the request of CreateTrainingJob for one of its jobs.
        ranges: what is searched.
        max_jobs: how many jobs there are in all.
        parallel: how many run at once.
    """
    definition = {name: value for name, value in job.items() if name not in _OF_ONE_JOB}
    definition["StaticHyperParameters"] = dict(job["HyperParameters"])
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": OBJECTIVE},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": max_jobs,
                "MaxParallelTrainingJobs": parallel,
            },
            "ParameterRanges": _parameter_ranges(ranges),
            "TrainingJobEarlyStoppingType": "Off",
        },
        "TrainingJobDefinition": definition,
        "Tags": job["Tags"],
    }


def start_tuning(connection: Connection, request: Mapping[str, Any]) -> Tuning:
    """Starts a tuning.

    Raises:
        LauncherError: `job_exists`, `quota`, or what `told` says of AWS.
    """
    from botocore.exceptions import ClientError

    name = str(request["HyperParameterTuningJobName"])
    with told(f"start the tuning {name}"):
        try:
            _create(connection, request)
        except ClientError as error:
            if (fault := _refusal(name, error)) is not None:
                raise fault from error
            raise
    return Tuning(name, "InProgress")


def _create(connection: Connection, request: Mapping[str, Any]) -> None:
    """Makes the tuning through the SDK; its tuner would make another request than was shown."""
    from sagemaker.core.resources import HyperParameterTuningJob
    from sagemaker.core.utils.code_injection.codec import transform

    fields = transform(dict(request), "CreateHyperParameterTuningJobRequest")
    HyperParameterTuningJob.create(**fields, session=connection.session, region=connection.region)


def find_tuning(connection: Connection, name: str) -> Tuning:
    """Returns a tuning as it is now.

    Raises:
        LauncherError: `no_such_tuning`, or what `told` says of AWS.
    """
    from botocore.exceptions import ClientError

    with told(f"look at the tuning {name}"):
        try:
            client = connection.client("sagemaker")
            said = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        except ClientError as error:
            if error_code(error) in ("ResourceNotFound", "ValidationException"):
                raise LauncherError(
                    "no_such_tuning",
                    f"There is no tuning {name!r} in AWS in {connection.region}.",
                    "Give its whole name; is it in another --region?",
                ) from error
            raise
    best = said.get("BestTrainingJob", {})
    return Tuning(
        name,
        said["HyperParameterTuningJobStatus"],
        said.get("TrainingJobStatusCounters", {}),
        best.get("TrainingJobName"),
        best.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value"),
        best.get("TunedHyperParameters", {}),
        said.get("FailureReason"),
    )


def follow_tuning(connection: Connection, name: str, tell: Callable[[str], object]) -> Tuning:
    """Waits for the end of a tuning and tells how it goes; Ctrl-C stops it."""
    told_of = ""

    def look() -> Tuning:
        nonlocal told_of
        found = find_tuning(connection, name)
        if (words := _progress(found)) != told_of:
            told_of = words
            tell(words)
        return found

    try:
        return watch(look, lambda found: found.status in ENDED, tell)
    except KeyboardInterrupt:
        with contextlib.suppress(LauncherError), told("stop it"):
            client = connection.client("sagemaker")
            client.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
            tell(f"{name} has been asked to stop, with all its jobs.")
        raise


def _progress(tuning: Tuning) -> str:
    counts = tuning.counts
    failed = counts.get("NonRetryableError", 0)
    words = f"{tuning.status}: {counts.get('Completed', 0)} jobs completed"
    words += f", {counts.get('InProgress', 0)} running"
    words += f", {failed} failed" if failed else ""
    if tuning.best is None or tuning.score is None:
        return words
    return f"{words}; the best is {tuning.best}, {OBJECTIVE} {tuning.score:.1f}"


def _parameter_ranges(ranges: Sequence[Range]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for each in ranges:
        kind = "IntegerParameterRanges" if each.is_integer else "ContinuousParameterRanges"
        content = {
            "Name": each.name,
            "MinValue": each.low,
            "MaxValue": each.high,
            "ScalingType": each.scale,
        }
        written.setdefault(kind, []).append(content)
    return written


def _refusal(name: str, error: Exception) -> LauncherError | None:
    code = error_code(error)
    if code == "ResourceInUse":
        return LauncherError(
            "job_exists",
            f"There is already a tuning {name} in this account and region.",
            "Choose another --name: SageMaker never gives one twice.",
        )
    if code == "ResourceLimitExceeded":
        return LauncherError(
            "quota",
            f"The tuning {name} is more than this account may have at once.",
            "Give a smaller --parallel or --max-jobs, or ask AWS for more in Service Quotas.",
        )
    return None
