"""The targets by name: `local`, `local-docker`, and SageMaker's instance types."""

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.errors import LauncherError
from launcher.processes import child_environment
from launcher.protocols import Target

if TYPE_CHECKING:
    from launcher.aws.options import AwsOptions

LOCAL = "local"
LOCAL_DOCKER = "local-docker"

# Starts the container's process, followed by its verb. No module of the working folder can stand
# in the way of ours.
CONTAINER = (sys.executable, "-P", "-m", "container")

_SAGEMAKER_INSTANCE = re.compile(r"ml(\.[a-z0-9-]+\.[a-z0-9-]+)?")


def target_for(instance: str, root: str | Path, options: "AwsOptions | None" = None) -> Target:
    """Returns the target that an instance type names.

    Args:
        instance: `local`, `local-docker`, or an instance type such as `ml.c5.4xlarge`.
        root: the folder of jobs and endpoints.
        options: what has been said of AWS.

    Raises:
        LauncherError: `unknown_target`.
    """
    image = options.image if options else None
    if instance == LOCAL:
        from launcher.local_endpoints import LocalEndpoints
        from launcher.local_jobs import LocalJobs

        environ = child_environment(os.environ)
        return Target(
            LocalJobs(Path(root).absolute(), CONTAINER, environ, image),
            LocalEndpoints(Path(root).absolute(), CONTAINER, environ, image),
        )
    if _SAGEMAKER_INSTANCE.fullmatch(instance):
        from launcher.aws.target import aws_target

        return aws_target(instance, Path(root).absolute(), options, CONTAINER)
    if instance == LOCAL_DOCKER:
        from launcher.docker.target import docker_target

        return docker_target(instance, Path(root).absolute(), image)
    raise LauncherError(
        "unknown_target",
        f"There is no target {instance!r}.",
        f"Known are {LOCAL}, {LOCAL_DOCKER} and SageMaker's instance types, such as ml.c5.4xlarge.",
    )


def refuse_aws(instance: str, options: "AwsOptions | None") -> None:
    """Refuses what has been said of AWS where nothing runs there.

    Raises:
        LauncherError: `bad_options`.
    """
    if instance not in (LOCAL, LOCAL_DOCKER) or options is None:
        return
    said = options.model_dump(exclude_defaults=True).keys() - {"region", "profile", "image"}
    if said:
        from launcher.aws.options import words_of

        words = ", ".join(f"`{word}`" for word in words_of(sorted(said)))
        raise LauncherError(
            "bad_options",
            f"The target {instance} has nothing to do with AWS.",
            f"Leave {words} out, or add an `--instance` of SageMaker's such as ml.c5.4xlarge.",
        )


def is_set_up(options: "AwsOptions | None") -> bool:
    """Whether it is known which AWS region to ask."""
    from launcher.aws.options import find_options

    return find_options(options, None, os.environ, Path.cwd()).region is not None
