"""Finds the target that a job or an endpoint belongs to: by its record here, else in AWS."""

from pathlib import Path
from typing import TYPE_CHECKING

from launcher.errors import LauncherError
from launcher.folders import find_folder, list_folders
from launcher.names import ANYWHERE_IN_AWS
from launcher.protocols import Target
from launcher.records import ENDPOINT_FILE, JOB_FILE, Endpoint, Job
from launcher.targets import is_set_up, target_for

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions


def home_of_job(name: str, root: str | Path, options: "AwsOptions | None" = None) -> Target:
    """Returns the target of a job; where no record names it, AWS's if that is set up.

    Raises:
        LauncherError: `no_such_job` if it is not known here, and AWS is not set up.
    """
    try:
        folder = find_folder(name, Path(root), JOB_FILE, "job")
    except LauncherError as error:
        return _elsewhere(error, "no_such_job", root, options)
    return _target(Job.read(folder), root, options)


def home_of_endpoint(name: str, root: str | Path, options: "AwsOptions | None" = None) -> Target:
    """Returns the target of an endpoint, as `home_of_job` does.

    Raises:
        LauncherError: `no_such_endpoint`.
    """
    try:
        folder = find_folder(name, Path(root) / "endpoints", ENDPOINT_FILE, "endpoint")
    except LauncherError as error:
        return _elsewhere(error, "no_such_endpoint", root, options)
    return _target(Endpoint.read(folder), root, options)


def all_jobs(root: str | Path, options: "AwsOptions | None" = None) -> list[Job]:
    """Returns the jobs that have a record here, newest first, as they are now."""
    records = [Job.read(folder) for folder in list_folders(Path(root), JOB_FILE)]
    found = [_seen_job(job, _target(job, root, options)) for job in records]
    return sorted(found, key=lambda job: (job.created, job.name), reverse=True)


def all_endpoints(root: str | Path, options: "AwsOptions | None" = None) -> list[Endpoint]:
    """Returns the endpoints that have a record here, by name, as they are now."""
    folders = list_folders(Path(root) / "endpoints", ENDPOINT_FILE)
    records = [Endpoint.read(folder) for folder in folders]
    return [_seen_endpoint(end, _target(end, root, options)) for end in records]


def _seen_job(job: Job, target: Target) -> Job:
    """Returns it as it is now; where AWS does not answer, as it was last seen."""
    try:
        return target.jobs.find(str(job.folder))
    except LauncherError:
        if job.remote is None:
            raise
        return job


def _seen_endpoint(endpoint: Endpoint, target: Target) -> Endpoint:
    """Returns it as `_seen_job` does."""
    try:
        return target.endpoints.find(str(endpoint.folder))
    except LauncherError:
        if endpoint.remote is None:
            raise
        return endpoint


def _target(record: Job | Endpoint, root: str | Path, options: "AwsOptions | None") -> Target:
    if record.remote is None:
        return target_for(record.instance, root, options)
    from launcher.aws.options import AwsOptions

    place = AwsOptions(region=record.remote.region)
    return target_for(record.instance, root, place.over(options or AwsOptions()))


def _elsewhere(
    error: LauncherError, code: str, root: str | Path, options: "AwsOptions | None"
) -> Target:
    if error.code != code or not is_set_up(options):
        raise error
    return target_for(ANYWHERE_IN_AWS, root, options)
