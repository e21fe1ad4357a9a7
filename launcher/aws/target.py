"""What SageMaker has to offer: training jobs and endpoints of one account in one region."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.aws.jobs import SagemakerJobs
from launcher.aws.options import AwsOptions, find_options
from launcher.protocols import Target

if TYPE_CHECKING:
    from launcher.aws.options import Command


def aws_target(instance: str, root: Path, said: AwsOptions | None) -> Target:
    """Returns the target; AWS is not asked before something is done with it.

    Args:
        instance: the type of what is new, such as `ml.c5.4xlarge`.
        root: the folder of the records.
        said: on the command line.

    Raises:
        LauncherError: `bad_configuration`.
    """
    from launcher.aws.endpoints import SagemakerEndpoints

    def options(said: AwsOptions | None, command: "Command") -> AwsOptions:
        return find_options(said, command, os.environ, Path.cwd())

    serving = options(serving_image(said or AwsOptions()), "deploy")
    return Target(
        SagemakerJobs(root, instance, options(said, "train")),
        SagemakerEndpoints(root, instance, serving_image(serving)),
    )


def serving_image(options: AwsOptions) -> AwsOptions:
    """Lets an image that trains serve as well, where no other is said in the same place."""
    return options.model_copy(update={"serve_image": options.serve_image or options.image})
