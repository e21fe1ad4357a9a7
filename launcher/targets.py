"""Where a command runs: on this machine, in Docker, or in SageMaker."""

import re

from launcher.errors import LauncherError

LOCAL = "local"
DOCKER = "local-docker"
_INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9\-]+\.[a-z0-9\-]+")


def check_target(instance: str) -> None:
    """Refuses every target but `local`, which is the only one so far.

    Raises:
        LauncherError: says what is known of the target that was asked for.
    """
    if instance == LOCAL:
        return
    if instance == DOCKER or _INSTANCE_TYPE.fullmatch(instance):
        raise LauncherError(
            f"`--instance {instance}` comes with the release that brings the SageMaker image.",
            "Until then, leave it out to use this machine.",
        )
    raise LauncherError(
        f"`--instance {instance}` is no target.",
        f"Use `{LOCAL}` for this machine; `{DOCKER}` and types such as `ml.c5.4xlarge` will follow.",
    )
