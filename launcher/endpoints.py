"""The function behind `deploy`, and the choice of an endpoint."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.errors import LauncherError
from launcher.folders import ROOT, exact_folder
from launcher.homes import all_endpoints, all_jobs, home_of_endpoint, home_of_job
from launcher.names import ANYWHERE_IN_AWS, check_name
from launcher.protocols import Endpoints
from launcher.records import ENDPOINT_FILE, Endpoint
from launcher.targets import LOCAL, LOCAL_DOCKER, refuse_aws, target_for

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions

NAME = "accompanist"
PORT = 8080
# While AWS updates an endpoint, what it served before still answers.
ANSWERING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})

_ARCHIVE = ".tar.gz"


def deploy(
    model: str | Path | None = None,
    *,
    instance: str | None = None,
    endpoint: str = NAME,
    port: int = PORT,
    root: str | Path = ROOT,
    aws: "AwsOptions | None" = None,
    on_phase: Callable[[str], None] = lambda _phase: None,
) -> Endpoint:
    """Serves a trained model, and returns when it answers.

    Args:
        model: a job, by name, by the beginning of its name or by folder; or a model.tar.gz; the
            newest completed job where it is None.
        instance: where to serve: `local`, the default, `local-docker`, or a type of SageMaker's;
            a serverless endpoint has none.
        endpoint: its name; what an endpoint of that name served before is replaced.
        port: on 127.0.0.1.
        root: the folder of the jobs.
        aws: what is to be known of AWS.
        on_phase: called with a word or two when a new phase begins.

    Raises:
        LauncherError: `no_such_job`, `no_model`, `bad_archive`, `bad_name`, `port_in_use`,
            `name_taken`; `no_server` if the server cannot be started, then with the end of its log;
            in AWS as `SagemakerEndpoints.deploy`.
    """
    instance = instance or (ANYWHERE_IN_AWS if aws and aws.serverless else LOCAL)
    target = target_for(instance, root, aws)
    check_name(endpoint)
    refuse_aws(instance, aws)
    _check_name_is_free(endpoint, instance, Path(root))
    target.endpoints.check()
    artifact, source = find_artifact(model, root, aws)
    return target.endpoints.deploy(artifact, source, endpoint, port, on_phase)


def running_endpoint(
    name: str | None, root: str | Path, options: "AwsOptions | None" = None
) -> tuple[Endpoints, Endpoint]:
    """Returns the endpoint that shall answer, and where it is.

    Args:
        name: of the endpoint, or its beginning, or its folder; None for the only one that runs.
        root: the folder of the records.
        options: what has been said of AWS.

    Raises:
        LauncherError: `no_endpoint`, `several_endpoints`, `no_such_endpoint`, or
            `endpoint_failed`.
    """
    if name is None:
        name = str(_only_running(all_endpoints(root, options)).folder)
    endpoints = home_of_endpoint(name, root, options).endpoints
    endpoint = endpoints.find(name)
    if endpoint.status == "Creating":
        raise LauncherError(
            "endpoint_not_ready",
            f"The endpoint {endpoint.name} is still being created.",
            f"Wait; `python -m launcher.status {endpoint.name}` shows when it is InService.",
        )
    if endpoint.status not in ANSWERING:
        raise LauncherError(
            "endpoint_failed",
            f"The endpoint {endpoint.name} does not run: its state is {endpoint.status}.",
            f"Start it again with `python -m launcher.deploy {_place(endpoint)}`.",
        )
    return endpoints, endpoint


def _place(endpoint: Endpoint) -> str:
    """Writes the options that lead to an endpoint."""
    name = f"--endpoint {endpoint.name}"
    if endpoint.instance == LOCAL:
        return name
    if endpoint.instance == ANYWHERE_IN_AWS:
        return f"--serverless {name}"
    return f"--instance {endpoint.instance} {name}"


def _check_name_is_free(name: str, instance: str, root: Path) -> None:
    """Refuses to write over the record of an endpoint elsewhere, which would run on unseen."""
    folder = exact_folder(name, root / "endpoints", ENDPOINT_FILE)
    if folder is None:
        return
    there = Endpoint.read(folder)
    if (there.remote is None) != (instance in (LOCAL, LOCAL_DOCKER)):
        place = "in AWS" if there.remote else "on this machine"
        raise LauncherError(
            "name_taken",
            f"There is an endpoint {name} {place} already.",
            f"Delete it with `python -m launcher.delete {name}`, or choose another name with "
            "--endpoint.",
        )


def _only_running(endpoints: list[Endpoint]) -> Endpoint:
    running = [endpoint for endpoint in endpoints if endpoint.status in ANSWERING]
    if len(running) == 1:
        return running[0]
    if running:
        names = ", ".join(endpoint.name for endpoint in running)
        raise LauncherError(
            "several_endpoints",
            f"{len(running)} endpoints run: {names}.",
            "Say which one before the melody.",
        )
    raise LauncherError(
        "no_endpoint", "No endpoint runs.", "Start one with `python -m launcher.deploy`."
    )


def find_artifact(
    model: str | Path | None, root: str | Path, options: "AwsOptions | None" = None
) -> tuple[Path, str]:
    """Returns the archive of a model, brought here if it was elsewhere, and how to call it.

    Args:
        model: a job or a model.tar.gz; the newest completed job where it is None.
        root: the folder of the jobs.
        options: what has been said of AWS.

    Raises:
        LauncherError: `no_such_job`, or `no_model`.
    """
    if model is not None and str(model).endswith(_ARCHIVE):
        archive = Path(model).expanduser().absolute()
        if not archive.is_file():
            raise LauncherError(
                "no_model", f"There is no archive {model}.", "Give a job or a model.tar.gz."
            )
        return archive, str(archive)
    if model is not None:
        jobs = home_of_job(str(model), root, options).jobs
        job = jobs.fetch(jobs.find(str(model)))
    else:
        completed = [job for job in all_jobs(root, options) if job.status == "Completed"]
        if not completed:
            raise LauncherError(
                "no_model",
                "No job has been completed yet.",
                "Train one with `python -m launcher.train`, or name a job that was stopped.",
            )
        newest = str(completed[0].folder)
        job = home_of_job(newest, root, options).jobs.fetch(completed[0])
    if not job.artifact.is_file():
        cure = "Wait until it has ended" if job.is_running else "Take another one"
        raise LauncherError(
            "no_model",
            f"The job {job.name} has no packed model; its state is {job.status}.",
            f"{cure}, or see `python -m launcher.status {job.name}`.",
        )
    return job.artifact, job.name
