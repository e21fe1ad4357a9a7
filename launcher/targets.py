"""Where jobs run and endpoints answer: what each kind of machine has to offer.

`local` is this machine. What else a user may name comes with the SageMaker release, and has to
offer the same.
"""

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from launcher.datasets import DataSet
from launcher.errors import LauncherError
from launcher.processes import child_environment
from launcher.records import Endpoint, Job
from launcher.request import TrainingRequest

LOCAL = "local"
LOCAL_DOCKER = "local-docker"

# Starts the container's process, followed by its verb. No module of the working folder can stand
# in the way of ours.
CONTAINER = (sys.executable, "-P", "-m", "container")

_SAGEMAKER_INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")


class Jobs(Protocol):
    """Runs training jobs; faults are `LauncherError`s."""

    def start(self, request: TrainingRequest, data: DataSet) -> Job:
        """Starts a new job."""

    def resume(self, name: str, hyperparameters: Mapping[str, str], iterations: int) -> Job:
        """Starts an ended job again; it goes on from its checkpoints."""

    def find(self, name: str) -> Job:
        """Returns a job as it is now; the name may be cut short, or a path."""

    def list(self) -> list[Job]:
        """Returns all jobs, newest first."""

    def read_log(self, name: str, offset: int) -> bytes:
        """Returns what a job has printed from `offset` on."""

    def stop(self, name: str) -> Job:
        """Asks a job to stop, without waiting; what has ended stays as it is."""

    def delete(self, name: str, *, force: bool) -> bool:
        """Deletes a job and all it made; returns whether there was one."""


class Endpoints(Protocol):
    """Serves models; faults are `LauncherError`s."""

    def deploy(
        self, artifact: Path, source: str, name: str, port: int, on_phase: Callable[[str], None]
    ) -> Endpoint:
        """Serves a model, in the place of what the endpoint served before."""

    def find(self, name: str) -> Endpoint:
        """Returns an endpoint as it is now; the name may be cut short, or a path."""

    def list(self) -> list[Endpoint]:
        """Returns all endpoints by name."""

    def delete(self, name: str) -> bool:
        """Stops a server and deletes its endpoint; returns whether there was one."""


@dataclass(frozen=True)
class Target:
    """One kind of machine."""

    jobs: Jobs
    endpoints: Endpoints


def target_for(instance: str, root: str | Path) -> Target:
    """Returns the target that an instance type names.

    Args:
        instance: `local`, or what later releases will know.
        root: the folder of jobs and endpoints.

    Raises:
        LauncherError: `not_yet`, or `unknown_target`.
    """
    if instance == LOCAL:
        from launcher.local_endpoints import LocalEndpoints
        from launcher.local_jobs import LocalJobs

        environ = child_environment(os.environ)
        return Target(
            LocalJobs(Path(root).absolute(), CONTAINER, environ),
            LocalEndpoints(Path(root).absolute(), CONTAINER, environ),
        )
    if instance == LOCAL_DOCKER or _SAGEMAKER_INSTANCE.fullmatch(instance):
        raise LauncherError(
            "not_yet",
            f"The target {instance} comes with the SageMaker release.",
            f"Use `--instance {LOCAL}`, this machine.",
        )
    raise LauncherError(
        "unknown_target",
        f"There is no target {instance!r}.",
        f"Known are {LOCAL}, {LOCAL_DOCKER} and SageMaker's instance types, such as "
        "ml.c5.4xlarge; only the first is built yet.",
    )
