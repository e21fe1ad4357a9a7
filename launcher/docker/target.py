"""What `local-docker` has to offer: the jobs and endpoints of `local`, each in a container."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.docker.engine import check_docker
from launcher.docker.environment import without_aws
from launcher.docker.images import SERVING_IMAGE, TRAINING_IMAGE
from launcher.errors import LauncherError
from launcher.local_endpoints import LocalEndpoints
from launcher.local_jobs import LocalJobs
from launcher.processes import child_environment
from launcher.protocols import Target
from launcher.records import Job

# As `targets.CONTAINER`: the verb follows.
_CONTAINER = (sys.executable, "-P", "-m", "launcher.docker")


@dataclass(frozen=True)
class DockerJobs(LocalJobs):
    """Jobs in containers on this machine."""

    def check(self) -> None:
        """Makes sure that a container can be started.

        Raises:
            LauncherError: as `check_docker`.
        """
        check_docker(str(self.image))

    def resume(
        self,
        name: str,
        hyperparameters: Mapping[str, str],  # noqa: ARG002 (a target's)
        iterations: int,  # noqa: ARG002 (likewise)
    ) -> Job:
        """Refuses: the SDK gives a container no place for checkpoints.

        Raises:
            LauncherError: `no_checkpoints`.
        """
        raise LauncherError(
            "no_checkpoints",
            f"The job {self.find(name).name} cannot go on: SageMaker's local mode keeps no "
            "checkpoints.",
            "Start a new job; one with `--instance local` can be resumed.",
        )


@dataclass(frozen=True)
class DockerEndpoints(LocalEndpoints):
    """Endpoints in containers on this machine."""

    def check(self) -> None:
        """Makes sure that a container can be started.

        Raises:
            LauncherError: as `check_docker`.
        """
        check_docker(str(self.image))


def docker_target(instance: str, root: Path, image: str | None) -> Target:
    """Returns the target.

    Args:
        instance: its name.
        root: the folder of jobs and endpoints.
        image: another one than ours.
    """
    environ = without_aws(child_environment(os.environ))
    return Target(
        DockerJobs(root, _CONTAINER, environ, image or TRAINING_IMAGE),
        DockerEndpoints(root, _CONTAINER, environ, image or SERVING_IMAGE, instance),
    )
