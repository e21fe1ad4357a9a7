"""The function behind `tune`, and what it would do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from launcher.datasets import BACH, Progress
from launcher.errors import LauncherError
from launcher.folders import ROOT
from launcher.names import generate_name, is_name
from launcher.planning import load_request, plan
from launcher.request import TrainingRequest
from launcher.settings import encode_values
from launcher.tuning_ranges import DEFAULT_RANGES, Range, read_ranges

if TYPE_CHECKING:
    from launcher.aws.jobs import SagemakerJobs
    from launcher.aws.options import AwsOptions
    from launcher.aws.preview import Preview
    from launcher.aws.tuning import Tuning

INSTANCE = "ml.c5.4xlarge"
JOBS, AT_ONCE = 8, 2

_MAX_NAME = 32  # of a tuning; other names may have 63 characters

Tell = Callable[[str], object]


@dataclass(frozen=True)
class TuningRequest:
    """A tuning that is asked for.

    Attributes:
        name: of the tuning.
        job: what its jobs have in common.
        ranges: what they shall find out.
        max_jobs: how many there are in all.
        parallel: how many run at once.
        jobs: where they run.
    """

    name: str
    job: TrainingRequest
    ranges: list[Range]
    max_jobs: int
    parallel: int
    jobs: "SagemakerJobs"


def plan_tuning(
    *,
    instance: str = INSTANCE,
    data: str | Path = BACH,
    ranges: Sequence[str] = (),
    max_jobs: int = JOBS,
    parallel: int = AT_ONCE,
    hyperparameters: Mapping[str, object] | None = None,
    name: str | None = None,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
) -> TuningRequest:
    """Checks what `tune` is asked for, and makes nothing; arguments as there.

    Raises:
        LauncherError: `bad_ranges`, `beyond_limits`, `bad_name`, or as `launcher.planning.plan`.
    """
    from launcher.aws.hosting_limits import instance_faults
    from launcher.aws.limits import require
    from launcher.aws.target import training_jobs
    from launcher.aws.tuning import tuning_faults

    require([*instance_faults(instance), *tuning_faults(max_jobs, parallel)])
    found = read_ranges(ranges or DEFAULT_RANGES, encode_values(hyperparameters or {}))
    request = plan(
        instance=instance, data=data, hyperparameters=hyperparameters, root=root, aws=aws
    )
    jobs = training_jobs(instance, Path(root).absolute(), aws)
    return TuningRequest(_name(name), request, found, max_jobs, parallel, jobs)


def preview_tuning(
    tuning: TuningRequest, *, progress: Progress | None = None, tell: Tell | None = None
) -> "Preview":
    """Says what AWS would be asked for, and what it would cost at most; asks nothing.

    Args:
        tuning: what `plan_tuning` has returned.
        progress: called with (done, all) while the data set is built.
        tell: called with each sentence that the user should know of the data.
    """
    from launcher.aws.preview import PRICED_REGION, Preview, missing_notes
    from launcher.aws.prices import training_costs
    from launcher.aws.readiness import with_placeholders
    from launcher.aws.request import max_runtime

    options = tuning.jobs.options
    job, data = load_request(tuning.job, progress, tell)
    return Preview(
        body=_body(tuning, job, with_placeholders(options), tuning.jobs.data_uri(data)),
        costs=training_costs(
            job.instance,
            options.region or PRICED_REGION,
            max_runtime=max_runtime(options),
            count=tuning.max_jobs,
            spot=bool(options.spot),
        ),
        notes=missing_notes(options),
    )


def tune(
    *,
    instance: str = INSTANCE,
    data: str | Path = BACH,
    ranges: Sequence[str] = (),
    max_jobs: int = JOBS,
    parallel: int = AT_ONCE,
    hyperparameters: Mapping[str, object] | None = None,
    name: str | None = None,
    wait: bool = True,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
    progress: Progress | None = None,
    sent: Progress | None = None,
    tell: Tell = lambda _text: None,
) -> "Tuning":
    """Searches for hyperparameters with the best headline, by many training jobs in AWS.

    Args:
        instance: the type of each job's machine.
        data: the data set, as `train` takes it.
        ranges: `NAME=LOW:HIGH` each; those of `tuning_ranges.DEFAULT_RANGES` if empty.
        max_jobs: how many jobs there are in all.
        parallel: how many run at once; each later one learns from those before.
        hyperparameters: those that stay as they are, by name.
        name: of the tuning, 32 characters at most; made from the time where it is None.
        wait: return when it has ended, not when it has started.
        root: the folder of the jobs.
        aws: what is to be known of AWS.
        progress: called with (done, all) while the data set is built.
        sent: called with (bytes, bytes in all) while a large one is sent.
        tell: called with each sentence on data and progress.

    Returns:
        The tuning, with its best job if `wait`.

    Raises:
        LauncherError: as `plan_tuning`; `not_set_up`; `tuning_failed`; or what AWS refuses.
        KeyboardInterrupt: after Ctrl-C, which stops a tuning that is waited for.
    """
    from launcher.aws.tuning import follow_tuning, start_tuning

    wanted = plan_tuning(
        instance=instance,
        data=data,
        ranges=ranges,
        max_jobs=max_jobs,
        parallel=parallel,
        hyperparameters=hyperparameters,
        name=name,
        root=root,
        aws=aws,
    )
    wanted.jobs.prepare()
    job, loaded = load_request(wanted.job, progress, tell)
    uri = wanted.jobs.send(loaded, sent)
    connection = wanted.jobs.connection
    found = start_tuning(connection, _body(wanted, job, wanted.jobs.options, uri))
    tell(f"The tuning {found.name} has been started.")
    if not wait:
        return found
    found = follow_tuning(connection, found.name, tell)
    if found.status == "Failed":
        raise LauncherError(
            "tuning_failed",
            f"The tuning {found.name} failed: {(found.failure_reason or 'no reason').rstrip('.')}.",
            "`python -m launcher.status JOB` tells of each of its jobs, which bear its name.",
        )
    return found


def _body(
    tuning: TuningRequest, job: TrainingRequest, options: "AwsOptions", uri: str
) -> dict[str, Any]:
    from launcher.aws.request import training_job
    from launcher.aws.tuning import tuning_request

    body = training_job(job, options, uri)
    return tuning_request(tuning.name, body, tuning.ranges, tuning.max_jobs, tuning.parallel)


def _name(text: str | None) -> str:
    if text is None:
        return generate_name("tuning", datetime.now())
    if is_name(text) and len(text) <= _MAX_NAME:
        return text
    raise LauncherError(
        "bad_name",
        f"The name of a tuning has 1 to {_MAX_NAME} letters, digits and inner hyphens; "
        f"{text[:80]!r} has {len(text)} characters, or others.",
        "Choose a shorter --name, or leave it out.",
    )
