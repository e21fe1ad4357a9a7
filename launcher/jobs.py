"""The functions behind `train`, `status`, `stop` and `delete`."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

from launcher.datasets import (
    BACH,
    FolderOptions,
    Progress,
    load_data_set,
)
from launcher.errors import JobFailedError, LauncherError
from launcher.folders import ROOT, exact_folder
from launcher.following import follow
from launcher.homes import (
    all_endpoints,
    all_jobs,
    home_of_endpoint,
    home_of_job,
)
from launcher.layout import phrases_file, read_hyperparameters
from launcher.names import ANYWHERE_IN_AWS, is_name
from launcher.planning import load_request, plan
from launcher.records import ENDPOINT_FILE, JOB_FILE, Endpoint, Job
from launcher.settings import check_settings, encode_values, merge_settings
from launcher.targets import LOCAL, is_set_up, refuse_aws, target_for

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions
    from launcher.protocols import Jobs, Target
    from training.hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Overview:
    """All jobs, newest first, and all endpoints by name."""

    jobs: list[Job]
    endpoints: list[Endpoint]


def train(
    *,
    instance: str = LOCAL,
    data: str | Path | None = None,
    hyperparameters: Mapping[str, object] | None = None,
    name: str | None = None,
    resume: str | None = None,
    tags: Sequence[str] = (),
    melody: int | str | None = None,
    accompany: Sequence[int | str] = (),
    pickup: float | None = None,
    wait: bool = True,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
    progress: Progress | None = None,
    sent: Progress | None = None,
    tell: Callable[[str], object] | None = None,
) -> Job:
    """Starts a training job, or an ended one again.

    Args:
        instance: where to train.
        data: `bach`, the default, the path of a phrases.npz, or a folder of MIDI files; in AWS, an
            S3 URI, too. Where the architecture is not set, it is the one that suits the data.
        hyperparameters: values by name; of a resumed job, those that shall change, which may be
            those of `training.hyperparameters.MAY_CHANGE`.
        name: of the new job.
        resume: the job to go on with, from its checkpoints and with its data. In AWS another job
            does, with a number behind its name.
        tags: of a folder, only the files of these tags.
        melody: of a folder, the track that is the melody, as for `data`; so are the next two.
        accompany: the tracks that accompany.
        pickup: beats before the first whole bar of files that do not tell of it.
        wait: return when the job has ended, not when it has started. An interrupted wait leaves
            the job running.
        root: the folder of the jobs.
        aws: what is to be known of AWS.
        progress: called with (done, all) while the data set is built.
        sent: called with (bytes, bytes in all) while a large one is sent.
        tell: called with each sentence that the user should know of the data.

    Returns:
        The job: completed or stopped if `wait`, else as it was started.

    Raises:
        LauncherError: if it cannot be started.
        JobFailedError: if `wait` and it failed.
    """
    if resume is None:
        request = plan(
            instance=instance,
            data=data or BACH,
            hyperparameters=hyperparameters,
            name=name,
            tags=tags,
            melody=melody,
            accompany=accompany,
            pickup=pickup,
            root=root,
            aws=aws,
        )
        jobs = target_for(instance, root, aws).jobs
        if tell is not None:
            for note in jobs.check_request(name, request.data, request.hyperparameters):
                tell(note)
        jobs.prepare()
        job = jobs.start(*load_request(request, progress, tell), sent)
    else:
        folder = FolderOptions(tuple(tags), melody, tuple(accompany), pickup)
        if data is not None or name is not None or folder.describe():
            raise LauncherError(
                "bad_options",
                "A resumed job keeps its name and its data.",
                "Leave them out, or start a new job.",
            )
        jobs = home_of_job(resume, root, aws).jobs
        refuse_aws(jobs.find(resume).instance, aws)
        job = _resume(resume, jobs, hyperparameters or {})
    if not wait:
        return job
    for event in follow(jobs, job):
        job = event if isinstance(event, Job) else job
    if job.status == "Failed":
        raise JobFailedError(job.name, job.failure_reason or "It gave no reason.")
    return job


@overload
def status(
    name: None = None, *, root: str | Path = ROOT, aws: "AwsOptions | None" = None
) -> Overview: ...


@overload
def status(
    name: str, *, root: str | Path = ROOT, aws: "AwsOptions | None" = None
) -> Job | Endpoint: ...


def status(
    name: str | None = None, *, root: str | Path = ROOT, aws: "AwsOptions | None" = None
) -> Overview | Job | Endpoint:
    """Says how jobs and endpoints are.

    Args:
        name: of one of them, or its beginning, or its folder; None for all.
        root: the folder of the jobs.
        aws: what is to be known of AWS.

    Raises:
        LauncherError: `no_such_job` if there is neither a job nor an endpoint of that name.
    """
    if name is None:
        return Overview(all_jobs(root, aws), all_endpoints(root, aws))
    try:
        return home_of_job(name, root, aws).jobs.find(name)
    except LauncherError as error:
        if error.code != "no_such_job":
            raise
        try:
            return home_of_endpoint(name, root, aws).endpoints.find(name)
        except LauncherError:
            raise error from None


def stop(
    name: str,
    *,
    wait: bool = True,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
) -> Job:
    """Asks a job to save a checkpoint and its model, and to end.

    Args:
        name: of the job, or its beginning, or its folder.
        wait: return when it has ended; it is killed after two minutes.
        root: the folder of the jobs.
        aws: what is to be known of AWS.

    Returns:
        The job as it is then; one that had ended before is left as it is.

    Raises:
        LauncherError: `no_such_job`; `not_stopped` if it is still there long after.
    """
    found = status(name, root=root, aws=aws)
    if isinstance(found, Endpoint):
        raise LauncherError(
            "no_such_job",
            f"{found.name} is an endpoint, not a job.",
            f"End it with `python -m launcher.delete {found.name}`.",
        )
    jobs = home_of_job(str(found.folder), root, aws).jobs
    job = jobs.stop(str(found.folder))
    deadline = time.monotonic() + jobs.stop_s
    while wait and (job.is_running or job.has_orphan):
        if time.monotonic() > deadline:
            raise LauncherError(
                "not_stopped",
                f"The job {job.name} has not ended {jobs.stop_s:.0f} s after it was asked.",
                f"`python -m launcher.delete {job.name} --force` ends it, and deletes it.",
            )
        time.sleep(jobs.poll_s)
        job = jobs.find(str(job.folder))
    return job


def fetch(
    name: str,
    *,
    output: str | Path | None = None,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
    brought: Progress | None = None,
) -> Job:
    """Brings model, report and samples of a job in AWS here, packed and unpacked, once.

    Args:
        name: of the job, or its beginning, or its folder.
        output: the folder to bring them to; the job's own if None, where other commands look.
        root: the folder of the jobs.
        aws: what is to be known of AWS.
        brought: called with (bytes, bytes in all) of what is large.

    Raises:
        LauncherError: `no_such_job`, `job_runs`, or `no_results`.
    """
    jobs = home_of_job(name, root, aws).jobs
    return jobs.fetch(jobs.find(name), None if output is None else Path(output), brought)


def delete(
    name: str,
    *,
    force: bool = False,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
) -> str | None:
    """Deletes a job and all it made, or stops and deletes an endpoint.

    Args:
        name: the whole name, or the path of the folder.
        force: end a job that still runs, without saving.
        root: the folder of the jobs.
        aws: what is to be known of AWS.

    Returns:
        What was deleted, `job` or `endpoint`; None if there was nothing of that name, here or,
        where it has no record here, in AWS.

    Raises:
        LauncherError: `job_runs`; `ambiguous` if a job and an endpoint have the name.
    """
    is_job = exact_folder(name, Path(root), JOB_FILE) is not None
    is_endpoint = exact_folder(name, Path(root) / "endpoints", ENDPOINT_FILE) is not None
    if is_job and is_endpoint:
        raise LauncherError(
            "ambiguous",
            f"Both a job and an endpoint are called {name}.",
            f"Give the folder: {Path(root) / name} or {Path(root) / 'endpoints' / name}.",
        )
    if is_job and home_of_job(name, root, aws).jobs.delete(name, force=force):
        return "job"
    if is_endpoint and home_of_endpoint(name, root, aws).endpoints.delete(name):
        return "endpoint"
    if is_job or is_endpoint or not is_name(name) or not is_set_up(aws):
        return None
    return _delete_in_aws(name, target_for(ANYWHERE_IN_AWS, root, aws), force=force)


def _delete_in_aws(name: str, target: "Target", *, force: bool) -> str | None:
    """Deletes what has no record here; who is not signed in there, has nothing to delete there."""
    try:
        if target.endpoints.delete(name):
            return "endpoint"
        return "job" if target.jobs.delete(name, force=force) else None
    except LauncherError as error:
        if error.code != "no_credentials":
            raise
        return None


def _check_changes(
    job: Job, before: "Hyperparameters", after: "Hyperparameters", changes: Iterable[str]
) -> None:
    """Refuses what the training would refuse, before the job's configuration is written over."""
    old, new = before.identity(), after.identity()
    changed = [name for name in new if old.get(name) != new[name] and name in changes]
    if changed:
        names = ", ".join(f"`{name}`" for name in changed)
        raise LauncherError(
            "foreign_checkpoint",
            f"The job {job.name} has checkpoints of another {names}.",
            "Start a new job for it.",
        )


def _resume(name: str, jobs: "Jobs", changes: Mapping[str, object]) -> Job:
    job = jobs.find(name)
    before = read_hyperparameters(job.folder)
    strings = merge_settings(before, encode_values(changes))
    checked = check_settings(strings)
    if job.has_checkpoint or job.remote:
        _check_changes(job, check_settings(before), checked, changes)
    return jobs.resume(str(job.folder), strings, _iterations(job, checked))


def _iterations(job: Job, checked: "Hyperparameters") -> int:
    """Returns how many iterations a resumed job makes in all; 0 if only its data could tell."""
    if checked.iterations is not None:
        return checked.iterations
    if job.remote:
        return 0
    phrases = load_data_set(str(phrases_file(job.folder))).phrases
    return checked.iterations_for(0 if phrases is None else len(phrases.part("train")))
